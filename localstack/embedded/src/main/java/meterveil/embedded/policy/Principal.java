package meterveil.embedded.policy;

/// Who a statement of a resource's policy speaks of, or who asks.
///
/// @param kind `AWS`, `Service` or `Federated`, as in the document
/// @param id an ARN, a service's name, or `*` for anyone (in documents only); an account's number
///   is turned into its root ARN
public record Principal(String kind, String id) {

  private static final int ACCOUNT_DIGITS = 12;

  public Principal {
    if (kind.equals("AWS")
        && id.length() == ACCOUNT_DIGITS
        && id.chars().allMatch(c -> c >= '0' && c <= '9')) {
      id = "arn:aws:iam::" + id + ":root";
    }
  }

  /// An AWS account as a whole.
  public static Principal account(String number) {
    return new Principal("AWS", number);
  }

  /// A role, by its ARN.
  public static Principal role(String arn) {
    return new Principal("AWS", arn);
  }

  /// An AWS service, for instance `iot.amazonaws.com`.
  public static Principal service(String name) {
    return new Principal("Service", name);
  }

  boolean covers(Principal asking) {
    return kind.equals(asking.kind) && (id.equals("*") || id.equals(asking.id));
  }
}
