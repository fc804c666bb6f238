package meterveil.embedded.aws;

import java.nio.charset.StandardCharsets;
import java.security.GeneralSecurityException;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import javax.crypto.Mac;
import javax.crypto.spec.SecretKeySpec;

/// AWS's Signature Version 4, as far as the stand-ins need it: of requests without a query,
/// whatever their age.
final class Signature {

  private static final Pattern AUTHORIZATION =
      Pattern.compile(
          "AWS4-HMAC-SHA256 Credential=([^/]+)/([^/]+)/([^/]+)/([^/]+)/aws4_request, *"
              + "SignedHeaders=([^,]+), *Signature=([0-9a-f]{64})");

  /// Keys by secret and scope: one of each a day and role.
  private final Map<String, byte[]> keys = new ConcurrentHashMap<>();

  /// Whose credentials a request claims to be signed with.
  ///
  /// @throws AwsError if it is not signed
  static String accessKeyId(Message request) throws AwsError {
    return authorization(request).group(1);
  }

  /// The signature a request carries.
  static String given(Message request) throws AwsError {
    return authorization(request).group(6);
  }

  private static Matcher authorization(Message request) throws AwsError {
    Matcher matcher = AUTHORIZATION.matcher(request.header("Authorization"));
    if (!matcher.matches()) {
      throw AwsError.refused("MissingAuthenticationTokenException", "Missing Authentication Token");
    }
    return matcher;
  }

  /// The signature a request should carry, in hexadecimal digits.
  byte[] of(Message request, String secret) throws AwsError {
    Matcher authorization = authorization(request);
    String date = authorization.group(2);
    String region = authorization.group(3);
    String service = authorization.group(4);
    var canonical =
        new StringBuilder(request.method())
            .append('\n')
            .append(encodedAgain(request.target()))
            .append('\n');
    String target = request.target();
    canonical.append(target.contains("?") ? query(target) : "").append('\n');
    for (String name : authorization.group(5).split(";", -1)) {
      canonical
          .append(name)
          .append(':')
          .append(request.header(name).replaceAll(" +", " "))
          .append('\n');
    }
    canonical
        .append('\n')
        .append(authorization.group(5))
        .append('\n')
        .append(hex(sha256(request.body())));
    String toSign =
        "AWS4-HMAC-SHA256\n%s\n%s/%s/%s/aws4_request\n%s"
            .formatted(
                request.header("X-Amz-Date"),
                date,
                region,
                service,
                hex(sha256(canonical.toString().getBytes(StandardCharsets.UTF_8))));
    byte[] key =
        keys.computeIfAbsent(
            String.join("/", secret, date, region, service),
            _ -> {
              byte[] made = hmac(("AWS4" + secret).getBytes(StandardCharsets.UTF_8), date);
              return hmac(hmac(hmac(made, region), service), "aws4_request");
            });
    return hex(hmac(key, toSign)).getBytes(StandardCharsets.US_ASCII);
  }

  /// The path, whose escapes are escaped once more in what is signed.
  private static String encodedAgain(String target) {
    return target.split("\\?", 2)[0].replace("%", "%25");
  }

  /// The query, its parameters in order.
  private static String query(String target) {
    String[] parameters = target.split("\\?", 2)[1].split("&", -1);
    Arrays.sort(parameters);
    return String.join("&", parameters);
  }

  static byte[] sha256(byte[] bytes) {
    try {
      return MessageDigest.getInstance("SHA-256").digest(bytes);
    } catch (NoSuchAlgorithmException e) {
      throw new IllegalStateException("every JDK has SHA-256", e);
    }
  }

  private static byte[] hmac(byte[] key, String text) {
    try {
      Mac mac = Mac.getInstance("HmacSHA256");
      mac.init(new SecretKeySpec(key, "HmacSHA256"));
      return mac.doFinal(text.getBytes(StandardCharsets.UTF_8));
    } catch (GeneralSecurityException e) {
      throw new IllegalStateException("every JDK has HmacSHA256", e);
    }
  }

  private static String hex(byte[] bytes) {
    return HexFormat.of().formatHex(bytes);
  }
}
