package meterveil.embedded.aws;

import com.fasterxml.jackson.databind.JsonNode;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.UUID;
import meterveil.embedded.aws.CloudAssembly.Resource;
import meterveil.embedded.policy.Decision;
import meterveil.embedded.policy.PolicyDocument;
import meterveil.embedded.policy.Principal;
import meterveil.embedded.policy.Request;
import org.jspecify.annotations.Nullable;

/// The template's roles: who may assume them, what they may do, and by which credentials they are
/// known.
public final class Roles {

  /// Condition keys that the stand-ins give. A policy that asks for another would never mean here
  /// what it means on AWS.
  private static final Set<String> KEYS =
      Set.of(
          "aws:SourceAccount",
          "aws:SourceArn",
          "dynamodb:ReturnValues",
          "kms:CallerAccount",
          "kms:EncryptionContextKeys",
          "kms:GrantIsForAWSResource",
          "kms:ViaService",
          "lambda:SourceFunctionArn");

  private static final String CONTEXT_KEYS = "kms:EncryptionContext:";

  /// Long-lived or not, these are credentials of the run alone.
  ///
  /// @param sessionToken proves nothing here; sent because Lambda's functions have one
  record Credentials(String accessKeyId, String secretAccessKey, String sessionToken) {}

  /// Who makes a call.
  ///
  /// @param role the role's logical id; empty for the administrator, who may do anything
  /// @param arn the role's ARN
  record Caller(String role, String arn) {
    boolean administrator() {
      return role.isEmpty();
    }
  }

  private final Map<String, List<PolicyDocument>> policies = new HashMap<>();
  private final Map<String, PolicyDocument> trust = new HashMap<>();
  private final Map<String, PolicyDocument> keyPolicies = new HashMap<>();
  private final Map<String, Credentials> credentials = new HashMap<>();
  private final Map<String, Caller> callers = new HashMap<>();
  private final String account;
  private final Signature signature = new Signature();
  private final Credentials administrator;

  /// @throws IllegalArgumentException naming the resource, if a policy is not implemented
  Roles(CloudAssembly assembly) {
    account = assembly.account();
    administrator = issue(new Caller("", "arn:aws:iam::" + account + ":root"));
    for (Resource role : assembly.ofType("AWS::IAM::Role")) {
      var own = new ArrayList<PolicyDocument>();
      for (JsonNode policy : role.properties().path("Policies")) {
        own.add(parse(policy.path("PolicyDocument"), role));
      }
      policies.put(role.arn(), own);
      trust.put(role.arn(), parse(role.properties().path("AssumeRolePolicyDocument"), role));
      credentials.put(role.arn(), issue(new Caller(role.logicalId(), role.arn())));
    }
    for (String type : List.of("AWS::IAM::Policy", "AWS::IAM::ManagedPolicy")) {
      for (Resource policy : assembly.ofType(type)) {
        PolicyDocument document = parse(policy.properties().path("PolicyDocument"), policy);
        for (JsonNode name : policy.properties().path("Roles")) {
          String arn = "arn:aws:iam::" + account + ":role/" + name.asText();
          List<PolicyDocument> own = policies.get(arn);
          if (own == null) {
            throw policy.refused("is of a role that is not in the template: " + name.asText());
          }
          own.add(document);
        }
      }
    }
    for (Resource key : assembly.ofType("AWS::KMS::Key")) {
      keyPolicies.put(key.arn(), parse(key.properties().path("KeyPolicy"), key));
    }
  }

  private static PolicyDocument parse(JsonNode document, Resource resource) {
    PolicyDocument parsed = PolicyDocument.parse(document, resource.logicalId());
    for (String key : parsed.keys()) {
      if (!KEYS.contains(key) && !key.startsWith(CONTEXT_KEYS)) {
        throw resource.refused("asks for a condition key that is not implemented: " + key);
      }
    }
    return parsed;
  }

  private Credentials issue(Caller caller) {
    // Stable, so that two runs can be compared; a real key id looks like this too.
    byte[] digest = Signature.sha256(caller.arn.getBytes(StandardCharsets.UTF_8));
    var id = new StringBuilder("ASIA");
    for (int i = 0; i < 16; i++) {
      id.append("ABCDEFGHIJKLMNOPQRSTUVWXYZ234567".charAt(digest[i] & 31));
    }
    callers.put(id.toString(), caller);
    return new Credentials(
        id.toString(), UUID.randomUUID().toString(), "session-of-" + caller.role);
  }

  /// The credentials of a role.
  Credentials of(Resource role) {
    Credentials found = credentials.get(role.arn());
    if (found == null) {
      throw role.refused("is not a role");
    }
    return found;
  }

  /// The credentials that no policy judges.
  Credentials administrator() {
    return administrator;
  }

  /// Finds out who signed a request.
  ///
  /// @throws AwsError if nobody known did
  Caller caller(Message request) throws AwsError {
    Signature.Claim claim = Signature.claim(request);
    Caller caller = callers.get(claim.accessKeyId());
    if (caller == null) {
      throw AwsError.refused(
          "UnrecognizedClientException", "The security token included in the request is invalid.");
    }
    Credentials own =
        caller.administrator()
            ? administrator
            : credentials.getOrDefault(caller.arn, administrator);
    if (!signature.holds(request, claim, own.secretAccessKey)) {
      throw AwsError.refused(
          "InvalidSignatureException",
          "The request signature we calculated does not match the signature you provided.");
    }
    return caller;
  }

  /// Whether a role's own policies allow something.
  public Decision decide(String roleArn, Request request) {
    return Decision.of(
        policies.getOrDefault(roleArn, List.of()).stream()
            .map(policy -> policy.evaluate(request))
            .toList());
  }

  /// Whether a service may assume a role.
  boolean trusts(String roleArn, String service, Map<String, List<String>> context) {
    PolicyDocument document = trust.get(roleArn);
    return document != null
        && document
            .evaluate(
                new Request("sts:AssumeRole", roleArn, context, Set.of(Principal.service(service))))
            .allowed();
  }

  /// Refuses what the caller's own policies do not allow.
  void require(Caller caller, String action, String resource, Map<String, List<String>> context)
      throws AwsError {
    if (caller.administrator()) {
      return;
    }
    Decision decision = decide(caller.arn, new Request(action, resource, context));
    if (!decision.allowed()) {
      throw denied(caller, action, resource, decision);
    }
  }

  /// Refuses a use of a key unless its policy, alone or together with the caller's own, allows it:
  /// a key's policy that allows its account leaves the decision to the account's policies.
  void requireKey(Caller caller, String action, String key, Map<String, List<String>> context)
      throws AwsError {
    if (caller.administrator()) {
      return;
    }
    Decision own = decide(caller.arn, new Request(action, key, context));
    Decision direct = byKey(key, action, context, Principal.role(caller.arn));
    Decision account = byKey(key, action, context, Principal.account(this.account));
    boolean denied = List.of(own, direct, account).contains(Decision.DENIED);
    if (denied || !(direct.allowed() || (account.allowed() && own.allowed()))) {
      throw denied(caller, action, key, denied ? Decision.DENIED : Decision.NOT_ALLOWED);
    }
  }

  private Decision byKey(
      String key, String action, Map<String, List<String>> context, Principal principal) {
    @Nullable PolicyDocument document = keyPolicies.get(key);
    return document == null
        ? Decision.NOT_ALLOWED
        : document.evaluate(new Request(action, key, context, Set.of(principal)));
  }

  private static AwsError denied(Caller caller, String action, String resource, Decision decision) {
    return AwsError.refused(
        "AccessDeniedException",
        "User: %s is not authorized to perform: %s on resource: %s because %s"
            .formatted(
                caller.arn.replace(":iam:", ":sts:").replace(":role/", ":assumed-role/")
                    + "/embedded",
                action,
                resource,
                decision == Decision.DENIED
                    ? "a policy denies it explicitly"
                    : "no policy allows the action"));
  }
}
