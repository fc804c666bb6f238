package meterveil.embedded.aws;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.json.JsonMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.ByteArrayOutputStream;
import java.io.DataOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.security.GeneralSecurityException;
import java.security.SecureRandom;
import java.time.Clock;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Base64;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.UUID;
import java.util.concurrent.ConcurrentHashMap;
import javax.crypto.AEADBadTagException;
import javax.crypto.Cipher;
import javax.crypto.spec.GCMParameterSpec;
import javax.crypto.spec.SecretKeySpec;
import meterveil.embedded.aws.CloudAssembly.Resource;
import meterveil.embedded.aws.Roles.Caller;
import org.jspecify.annotations.Nullable;

/// KMS with the template's keys, which live in memory only and are gone with the run. Where they
/// are deployed, it judges the caller and leaves the rest to where they are.
///
/// A ciphertext is the key's id, a nonce, and AES-256-GCM with the encryption context as additional
/// data; so a blob that was changed, or comes with another context, is refused as KMS refuses it.
final class KmsStandIn implements Door.Service {

  private static final JsonMapper MAPPER = new JsonMapper();
  private static final String TARGET = "TrentService.";
  private static final int KEY_BYTES = 32;
  private static final int ID_BYTES = 16;
  private static final int NONCE_BYTES = 12;
  private static final int TAG_BITS = 128;
  private static final int PLAINTEXT_BYTES_MAX = 4096;

  private enum State {
    ENABLED("Enabled"),
    DISABLED("Disabled"),
    PENDING_DELETION("PendingDeletion");

    private final String text;

    State(String text) {
      this.text = text;
    }
  }

  private static final class Key {
    private final Resource resource;
    private final byte[] material;
    private volatile State state;

    Key(Resource resource, byte[] material) {
      this.resource = resource;
      this.material = material;
      boolean enabled = resource.properties().path("Enabled").asBoolean(true);
      this.state = enabled ? State.ENABLED : State.DISABLED;
    }
  }

  private final CloudAssembly assembly;
  private final Roles roles;

  /// Where the keys are, if not here.
  private final @Nullable Upstream deployed;

  private final Clock clock;
  private final SecureRandom random = new SecureRandom();
  private final Map<String, Key> keys = new HashMap<>();
  private final Set<Map<String, String>> contexts = ConcurrentHashMap.newKeySet();

  KmsStandIn(CloudAssembly assembly, Roles roles, Clock clock, @Nullable Upstream deployed) {
    this.assembly = assembly;
    this.deployed = deployed;
    this.roles = roles;
    this.clock = clock;
    for (Resource key : assembly.ofType("AWS::KMS::Key")) {
      keys.put(key.name(), new Key(key, bytes(KEY_BYTES)));
    }
  }

  private byte[] bytes(int count) {
    byte[] bytes = new byte[count];
    random.nextBytes(bytes);
    return bytes;
  }

  /// Every encryption context that any call has carried.
  Set<Map<String, String>> contexts() {
    return Set.copyOf(contexts);
  }

  @Override
  public String operation(Message request) throws AwsError {
    String target = request.header("X-Amz-Target");
    if (!target.startsWith(TARGET)) {
      throw AwsError.refused("UnknownOperationException", "");
    }
    return target.substring(TARGET.length());
  }

  @Override
  public String throttled() {
    return "ThrottlingException";
  }

  @Override
  public Message answer(Caller caller, String operation, Message request)
      throws AwsError, IOException {
    JsonNode asked = MAPPER.readTree(request.body());
    var answer = MAPPER.createObjectNode();
    SortedMap<String, String> context = context(asked);
    if (!context.isEmpty()) {
      contexts.add(Map.copyOf(context));
    }
    Key key = operation.equals("Decrypt") ? ofBlob(asked) : named(asked.path("KeyId").asText());
    roles.requireKey(caller, "kms:" + operation, key.resource.arn(), conditions(context));
    if (deployed != null) {
      return deployed.send(request);
    }
    switch (operation) {
      case "GenerateDataKey" -> {
        byte[] plain = bytes(length(asked));
        answer
            .put("KeyId", key.resource.arn())
            .put("Plaintext", plain)
            .put("CiphertextBlob", encrypt(usable(key), plain, context));
      }
      case "Encrypt" -> {
        byte[] plain = binary(asked, "Plaintext");
        if (plain.length == 0 || plain.length > PLAINTEXT_BYTES_MAX) {
          throw AwsError.invalid("1 validation error detected: Value at 'plaintext'");
        }
        answer
            .put("KeyId", key.resource.arn())
            .put("EncryptionAlgorithm", "SYMMETRIC_DEFAULT")
            .put("CiphertextBlob", encrypt(usable(key), plain, context));
      }
      case "Decrypt" ->
          answer
              .put("KeyId", key.resource.arn())
              .put("EncryptionAlgorithm", "SYMMETRIC_DEFAULT")
              .put("Plaintext", decrypt(usable(key), binary(asked, "CiphertextBlob"), context));
      case "DescribeKey" -> describe(key, answer.putObject("KeyMetadata"));
      case "EnableKey" -> change(key, State.ENABLED);
      case "DisableKey" -> change(key, State.DISABLED);
      case "ScheduleKeyDeletion" -> {
        change(key, State.PENDING_DELETION);
        int days = asked.path("PendingWindowInDays").asInt(30);
        answer
            .put("KeyId", key.resource.arn())
            .put("KeyState", key.state.text)
            .put("PendingWindowInDays", days)
            .put("DeletionDate", clock.instant().plus(Duration.ofDays(days)).getEpochSecond());
      }
      default -> throw AwsError.refused("UnknownOperationException", operation);
    }
    return Message.json(200, MAPPER.writeValueAsBytes(answer));
  }

  private static SortedMap<String, String> context(JsonNode asked) {
    var context = new TreeMap<String, String>();
    for (Map.Entry<String, JsonNode> entry : asked.path("EncryptionContext").properties()) {
      context.put(entry.getKey(), entry.getValue().asText());
    }
    return context;
  }

  private Map<String, List<String>> conditions(SortedMap<String, String> context) {
    var conditions = new HashMap<String, List<String>>();
    conditions.put("kms:CallerAccount", List.of(assembly.account()));
    if (!context.isEmpty()) {
      conditions.put("kms:EncryptionContextKeys", new ArrayList<>(context.keySet()));
    }
    context.forEach(
        (name, value) -> conditions.put("kms:EncryptionContext:" + name, List.of(value)));
    return conditions;
  }

  private Key named(String idOrArn) throws AwsError {
    Key key = keys.get(idOrArn.substring(idOrArn.lastIndexOf('/') + 1));
    if (key == null) {
      throw AwsError.refused("NotFoundException", "Key '" + idOrArn + "' does not exist");
    }
    return key;
  }

  private Key ofBlob(JsonNode asked) throws AwsError {
    if (deployed != null) {
      return named(asked.path("KeyId").asText()); // only KMS can tell from the blob
    }
    byte[] blob = binary(asked, "CiphertextBlob");
    if (blob.length <= ID_BYTES + NONCE_BYTES) {
      throw invalidCiphertext();
    }
    var id = ByteBuffer.wrap(blob);
    Key key = keys.get(new UUID(id.getLong(), id.getLong()).toString());
    if (key == null) {
      throw invalidCiphertext();
    }
    if (asked.has("KeyId") && named(asked.path("KeyId").asText()) != key) {
      throw AwsError.refused(
          "IncorrectKeyException",
          "The key ID in the request does not identify a CMK that can perform this operation.");
    }
    return key;
  }

  private static Key usable(Key key) throws AwsError {
    switch (key.state) {
      case ENABLED -> {}
      case DISABLED ->
          throw AwsError.refused("DisabledException", key.resource.arn() + " is disabled.");
      case PENDING_DELETION ->
          throw AwsError.refused(
              "KMSInvalidStateException", key.resource.arn() + " is pending deletion.");
    }
    return key;
  }

  private static void change(Key key, State state) throws AwsError {
    if (key.state == State.PENDING_DELETION) {
      throw AwsError.refused(
          "KMSInvalidStateException", key.resource.arn() + " is pending deletion.");
    }
    key.state = state;
  }

  private void describe(Key key, ObjectNode metadata) {
    metadata
        .put("AWSAccountId", assembly.account())
        .put("KeyId", key.resource.name())
        .put("Arn", key.resource.arn())
        .put("Enabled", key.state == State.ENABLED)
        .put("KeyState", key.state.text)
        .put("KeyUsage", "ENCRYPT_DECRYPT")
        .put("KeySpec", "SYMMETRIC_DEFAULT")
        .put("KeyManager", "CUSTOMER")
        .put("Origin", "AWS_KMS");
  }

  private static int length(JsonNode asked) throws AwsError {
    if (asked.has("NumberOfBytes")) {
      int bytes = asked.path("NumberOfBytes").asInt();
      if (bytes < 1 || bytes > 1024) {
        throw AwsError.invalid("1 validation error detected: Value at 'numberOfBytes'");
      }
      return bytes;
    }
    return switch (asked.path("KeySpec").asText()) {
      case "AES_256" -> 32;
      case "AES_128" -> 16;
      default -> throw AwsError.invalid("Please specify either number of bytes or key spec.");
    };
  }

  private static byte[] binary(JsonNode asked, String member) throws AwsError {
    try {
      return Base64.getDecoder().decode(asked.path(member).asText());
    } catch (IllegalArgumentException _) {
      throw AwsError.refused("SerializationException", member);
    }
  }

  private byte[] encrypt(Key key, byte[] plain, SortedMap<String, String> context) {
    byte[] nonce = bytes(NONCE_BYTES);
    UUID id = UUID.fromString(key.resource.name());
    byte[] sealed;
    try {
      sealed = cipher(Cipher.ENCRYPT_MODE, key, nonce, context).doFinal(plain);
    } catch (GeneralSecurityException e) {
      throw new IllegalStateException("AES-GCM refused to encrypt", e);
    }
    return ByteBuffer.allocate(ID_BYTES + NONCE_BYTES + sealed.length)
        .putLong(id.getMostSignificantBits())
        .putLong(id.getLeastSignificantBits())
        .put(nonce)
        .put(sealed)
        .array();
  }

  private static byte[] decrypt(Key key, byte[] blob, SortedMap<String, String> context)
      throws AwsError {
    byte[] nonce = new byte[NONCE_BYTES];
    byte[] sealed = new byte[blob.length - ID_BYTES - NONCE_BYTES];
    ByteBuffer.wrap(blob).position(ID_BYTES).get(nonce).get(sealed);
    try {
      return cipher(Cipher.DECRYPT_MODE, key, nonce, context).doFinal(sealed);
    } catch (AEADBadTagException _) {
      throw invalidCiphertext();
    } catch (GeneralSecurityException e) {
      throw new IllegalStateException("AES-GCM refused to decrypt", e);
    }
  }

  private static AwsError invalidCiphertext() {
    return AwsError.refused("InvalidCiphertextException", "");
  }

  private static Cipher cipher(int mode, Key key, byte[] nonce, SortedMap<String, String> context)
      throws GeneralSecurityException {
    Cipher cipher = Cipher.getInstance("AES/GCM/NoPadding");
    cipher.init(
        mode, new SecretKeySpec(key.material, "AES"), new GCMParameterSpec(TAG_BITS, nonce));
    cipher.updateAAD(canonical(context));
    return cipher;
  }

  /// A context as bytes: sorted, each text with its length before it, so that no two are the same.
  private static byte[] canonical(SortedMap<String, String> context) {
    var bytes = new ByteArrayOutputStream();
    try (var out = new DataOutputStream(bytes)) {
      for (Map.Entry<String, String> entry : context.entrySet()) {
        out.writeUTF(entry.getKey());
        out.writeUTF(entry.getValue());
      }
    } catch (IOException e) {
      throw new UncheckedIOException("memory cannot fail", e);
    }
    return bytes.toByteArray();
  }
}
