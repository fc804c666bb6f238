package meterveil.embedded.aws;

import static meterveil.embedded.aws.TestAssembly.allow;
import static meterveil.embedded.aws.TestAssembly.key;
import static meterveil.embedded.aws.TestAssembly.role;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import meterveil.embedded.aws.Faults.Fault;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import software.amazon.awssdk.core.SdkBytes;
import software.amazon.awssdk.services.kms.KmsClient;
import software.amazon.awssdk.services.kms.model.DataKeySpec;
import software.amazon.awssdk.services.kms.model.DisabledException;
import software.amazon.awssdk.services.kms.model.GenerateDataKeyResponse;
import software.amazon.awssdk.services.kms.model.IncorrectKeyException;
import software.amazon.awssdk.services.kms.model.InvalidCiphertextException;
import software.amazon.awssdk.services.kms.model.KmsException;
import software.amazon.awssdk.services.kms.model.KmsInvalidStateException;
import software.amazon.awssdk.services.kms.model.NotFoundException;

class KmsStandInTest {

  private static final Map<String, String> CONTEXT = Map.of("tenant", "a", "day", "2013-01-01");

  /// Data keys under a context of exactly a tenant and a day.
  private static final String WRAP =
      """
      {"Effect": "Allow", "Action": ["kms:GenerateDataKey", "kms:Decrypt"],
       "Resource": {"Fn::GetAtt": ["DayKey", "Arn"]},
       "Condition": {
         "ForAllValues:StringEquals": {"kms:EncryptionContextKeys": ["tenant", "day"]},
         "Null": {"kms:EncryptionContext:tenant": "false", "kms:EncryptionContext:day": "false"}}}\
      """;

  /// A key whose own policy is for one role alone.
  private static final String CLOSED =
      """
      "Closed": {"Type": "AWS::KMS::Key", "Properties": {"KeyPolicy": {
        "Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "kms:*",
          "Resource": "*", "Principal": {"AWS": {"Fn::GetAtt": ["Owner", "Arn"]}}}]}}}\
      """;

  @TempDir static Path folder;
  private static StandIns standIns;
  private static KmsClient wrapper;
  private static KmsClient administrator;

  @BeforeAll
  static void start() throws Exception {
    standIns =
        StandIns.start(
            folder,
            key("DayKey"),
            key("Doomed"),
            key("Switched"),
            CLOSED,
            role("Owner", "lambda.amazonaws.com"),
            role(
                "Wrapper",
                "lambda.amazonaws.com",
                WRAP,
                allow("\"kms:Encrypt\"", "{\"Fn::GetAtt\": [\"Closed\", \"Arn\"]}")));
    wrapper = standIns.kms(standIns.aws.as("Wrapper"));
    administrator = standIns.kms(standIns.aws.administrator());
  }

  @AfterAll
  static void stop() throws Exception {
    wrapper.close();
    administrator.close();
    standIns.close();
  }

  private static GenerateDataKeyResponse dataKey(KmsClient by, Map<String, String> context) {
    return by.generateDataKey(key ->
        key.keyId(standIns.aws.key("DayKey"))
            .keySpec(DataKeySpec.AES_256)
            .encryptionContext(context));
  }

  private static SdkBytes decrypt(KmsClient by, SdkBytes blob, Map<String, String> context) {
    return by.decrypt(request -> request.ciphertextBlob(blob).encryptionContext(context))
        .plaintext();
  }

  @Test
  void unwrapsWhatItWrappedUnderTheSameContextOnly() {
    GenerateDataKeyResponse made = dataKey(wrapper, CONTEXT);
    assertThat(made.plaintext().asByteArray()).hasSize(32);
    assertThat(decrypt(wrapper, made.ciphertextBlob(), CONTEXT)).isEqualTo(made.plaintext());
    assertThatThrownBy(() ->
            decrypt(wrapper, made.ciphertextBlob(), Map.of("tenant", "b", "day", "2013-01-01")))
        .isInstanceOf(InvalidCiphertextException.class);
    byte[] changed = made.ciphertextBlob().asByteArray();
    changed[changed.length - 1] ^= 1;
    assertThatThrownBy(() -> decrypt(wrapper, SdkBytes.fromByteArray(changed), CONTEXT))
        .isInstanceOf(InvalidCiphertextException.class);
    assertThat(standIns.aws.encryptionContexts()).contains(CONTEXT);
  }

  @Test
  void tellsContextsApartWhoseTextsJoinAlike() {
    GenerateDataKeyResponse made = dataKey(administrator, Map.of("ab", "c"));
    assertThatThrownBy(() -> decrypt(administrator, made.ciphertextBlob(), Map.of("a", "bc")))
        .isInstanceOf(InvalidCiphertextException.class);
  }

  @Test
  @DisplayName("T33 T45 a key is used by whom, for what and under which context its policies say")
  void judgesByTheRoleAndTheContext() {
    for (Map<String, String> context :
        List.<Map<String, String>>of(
            Map.of(), Map.of("tenant", "a"), Map.of("tenant", "a", "day", "d", "x", "y"))) {
      assertThatThrownBy(() -> dataKey(wrapper, context))
          .isInstanceOf(KmsException.class)
          .hasMessageContaining("not authorized to perform: kms:GenerateDataKey");
    }
    assertThatThrownBy(() ->
            wrapper.encrypt(request ->
                request
                    .keyId(standIns.aws.key("DayKey"))
                    .plaintext(SdkBytes.fromUtf8String("x"))
                    .encryptionContext(CONTEXT)))
        .hasMessageContaining("kms:Encrypt");
  }

  @Test
  void asksTheKeysPolicyToo() {
    assertThatThrownBy(() ->
            wrapper.encrypt(request ->
                request.keyId(standIns.aws.key("Closed")).plaintext(SdkBytes.fromUtf8String("x"))))
        .hasMessageContaining("not authorized");
    try (KmsClient owner = standIns.kms(standIns.aws.as("Owner"))) {
      assertThat(
              owner.describeKey(r -> r.keyId(standIns.aws.key("Closed"))).keyMetadata().enabled())
          .isTrue();
    }
  }

  @Test
  void refusesADisabledKeyUntilItIsEnabled() {
    String key = standIns.aws.key("Switched");
    SdkBytes secret = SdkBytes.fromUtf8String("secret");
    SdkBytes blob = administrator.encrypt(r -> r.keyId(key).plaintext(secret)).ciphertextBlob();
    administrator.disableKey(r -> r.keyId(key));
    assertThatThrownBy(() -> decrypt(administrator, blob, Map.of()))
        .isInstanceOf(DisabledException.class);
    administrator.enableKey(r -> r.keyId(key));
    assertThat(decrypt(administrator, blob, Map.of())).isEqualTo(secret);
    assertThatThrownBy(() ->
            administrator.decrypt(r -> r.ciphertextBlob(blob).keyId(standIns.aws.key("DayKey"))))
        .isInstanceOf(IncorrectKeyException.class);
  }

  @Test
  void refusesAKeyThatIsToBeDeletedForGood() {
    String key = standIns.aws.key("Doomed");
    SdkBytes blob =
        administrator
            .encrypt(r -> r.keyId(key).plaintext(SdkBytes.fromUtf8String("secret")))
            .ciphertextBlob();
    assertThat(administrator.scheduleKeyDeletion(r -> r.keyId(key)).deletionDate())
        .isAfter(StandIns.START);
    assertThatThrownBy(() -> decrypt(administrator, blob, Map.of()))
        .isInstanceOf(KmsInvalidStateException.class);
    assertThatThrownBy(() -> administrator.enableKey(r -> r.keyId(key)))
        .isInstanceOf(KmsInvalidStateException.class);
    assertThatThrownBy(() -> administrator.describeKey(r -> r.keyId("nobody's")))
        .isInstanceOf(NotFoundException.class);
  }

  @Test
  void refusesForAWhile() {
    try (var injected =
        standIns.aws.faults().inject("Wrapper", "GenerateDataKey", new Fault.ServerError())) {
      assertThatThrownBy(() -> dataKey(wrapper, CONTEXT)).isInstanceOf(KmsException.class);
      assertThat(injected.hits()).isPositive();
    }
    assertThat(dataKey(wrapper, CONTEXT).plaintext()).isNotNull();
  }
}
