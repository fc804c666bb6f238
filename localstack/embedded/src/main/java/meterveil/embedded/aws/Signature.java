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
          "AWS4-HMAC-SHA256 Credential=([^/]++)/([^/]++)/([^/]++)/([^/]++)/aws4_request, *+"
              + "SignedHeaders=([^,]++), *+Signature=([0-9a-f]{64}+)");

  private static final Pattern SPACES = Pattern.compile(" {2,}+");

  /// Keys by secret and scope: one of each a day and role.
  private final Map<String, byte[]> keys = new ConcurrentHashMap<>();

  /// How a request says it is signed.
  ///
  /// @param accessKeyId with whose credentials
  /// @param headers which headers are signed, apart by semicolons
  /// @param signature in hexadecimal digits
  record Claim(
      String accessKeyId,
      String date,
      String region,
      String service,
      String headers,
      String signature) {}

  /// How a request says it is signed.
  ///
  /// @throws AwsError if it is not signed
  static Claim claim(Message request) throws AwsError {
    Matcher found = AUTHORIZATION.matcher(request.header("Authorization"));
    if (!found.matches()) {
      throw AwsError.refused("MissingAuthenticationTokenException", "Missing Authentication Token");
    }
    return new Claim(
        found.group(1),
        found.group(2),
        found.group(3),
        found.group(4),
        found.group(5),
        found.group(6));
  }

  /// Whether a request is signed with a secret.
  boolean holds(Message request, Claim claim, String secret) {
    String date = claim.date();
    String region = claim.region();
    String service = claim.service();
    var canonical =
        new StringBuilder(request.method())
            .append('\n')
            .append(encodedAgain(request.target()))
            .append('\n');
    String target = request.target();
    canonical.append(target.contains("?") ? query(target) : "").append('\n');
    for (String name : claim.headers().split(";", -1)) {
      canonical
          .append(name)
          .append(':')
          .append(SPACES.matcher(request.header(name)).replaceAll(" "))
          .append('\n');
    }
    canonical.append('\n').append(claim.headers()).append('\n').append(hex(sha256(request.body())));
    String toSign =
        String.join(
            "\n",
            "AWS4-HMAC-SHA256",
            request.header("X-Amz-Date"),
            String.join("/", date, region, service, "aws4_request"),
            hex(sha256(canonical.toString().getBytes(StandardCharsets.UTF_8))));
    byte[] key =
        keys.computeIfAbsent(
            String.join("/", secret, date, region, service),
            _ -> {
              byte[] made = hmac(("AWS4" + secret).getBytes(StandardCharsets.UTF_8), date);
              return hmac(hmac(hmac(made, region), service), "aws4_request");
            });
    return MessageDigest.isEqual(
        hex(hmac(key, toSign)).getBytes(StandardCharsets.US_ASCII),
        claim.signature().getBytes(StandardCharsets.US_ASCII));
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
