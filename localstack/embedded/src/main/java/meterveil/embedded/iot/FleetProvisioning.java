package meterveil.embedded.iot;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.json.JsonMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.security.SecureRandom;
import java.security.cert.X509Certificate;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.util.Base64;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentMap;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import meterveil.embedded.iot.ProvisioningTemplate.IfThere;
import meterveil.embedded.iot.ProvisioningTemplate.Made;
import meterveil.embedded.iot.ProvisioningTemplate.MissingParameter;
import meterveil.embedded.iot.ThingRegistry.Certificate;
import meterveil.embedded.iot.ThingRegistry.Status;
import org.jspecify.annotations.Nullable;

/// How a device gets a certificate of its own over MQTT: it asks for one, for a key that it keeps,
/// and then for what a template makes of it. Answers go to whoever asked, on the topic of the
/// request with `/accepted` or `/rejected` after it, if it subscribes to that.
///
/// A certificate waits for its template for an hour, as long as the token that comes with it holds;
/// then it is deleted. Before a template makes anything its hook is asked, and what the hook does
/// not answer in five seconds, or not with a yes, is no. What a template makes is judged by its
/// role.
public final class FleetProvisioning implements AutoCloseable {

  /// What provisioning needs of the rest of the account.
  public interface Account {

    /// Invokes a hook and waits for its answer.
    ///
    /// @throws ActionFailed if it fails, or does not answer in time
    byte[] ask(String functionArn, byte[] event, Duration atMost) throws ActionFailed;

    /// Whether a role's policies allow something.
    boolean roleMay(String roleArn, String action, String resource);
  }

  /// The way back to whoever asked.
  interface Answers {
    void send(String clientId, String topic, byte[] payload) throws IOException;
  }

  /// The longest that a hook may take.
  private static final Duration HOOK_TIME_MAX = Duration.ofSeconds(5);

  private static final Duration TOKEN_HOLDS = Duration.ofHours(1);
  private static final int TOKEN_BYTES = 48;
  private static final String FROM_CSR = "$aws/certificates/create-from-csr/json";
  private static final Pattern PROVISION =
      Pattern.compile("\\$aws/provisioning-templates/([^/]+)/provision/json");
  private static final int BAD_REQUEST = 400;
  private static final int NOT_FOUND = 404;
  private static final int SERVER_ERROR = 500;
  private static final JsonMapper JSON = new JsonMapper();

  private record Owned(String certificateId, Instant until) {}

  private static final class Rejected extends Exception {
    private static final long serialVersionUID = 1L;
    private final int status;
    private final String code;

    Rejected(int status, String code, String message) {
      super(message);
      this.status = status;
      this.code = code;
    }
  }

  private final ThingRegistry registry;
  private final CertificateAuthority authority;
  private final Map<String, ProvisioningTemplate> templates;
  private final Account account;
  private final Clock clock;
  private final SecureRandom random = new SecureRandom();
  private final ConcurrentMap<String, Owned> tokens = new ConcurrentHashMap<>();
  private final ExecutorService workers = Executors.newVirtualThreadPerTaskExecutor();
  private final AtomicInteger underWay = new AtomicInteger();

  /// @param authority that signs what devices ask for
  /// @param resources properties of each `AWS::IoT::ProvisioningTemplate`, references resolved, by
  ///   its name
  /// @param clock of the platform
  /// @throws IllegalArgumentException naming the template, if it holds anything not implemented
  public FleetProvisioning(
      ThingRegistry registry,
      CertificateAuthority authority,
      Map<String, JsonNode> resources,
      Account account,
      Clock clock) {
    this.registry = registry;
    this.authority = authority;
    this.account = account;
    this.clock = clock;
    var read = new HashMap<String, ProvisioningTemplate>();
    resources.forEach((name, properties) -> {
      try {
        read.put(
            name,
            new ProvisioningTemplate(
                name, registry.arn("provisioningtemplate/" + name), properties));
      } catch (IllegalArgumentException refused) {
        throw new IllegalArgumentException(
            "the provisioning template %s %s".formatted(name, refused.getMessage()), refused);
      }
    });
    templates = Map.copyOf(read);
  }

  /// Takes a request, if it is one; it is answered later.
  ///
  /// @return whether it is one, and so for no subscriber
  boolean take(Message message, String certificateId, Answers answers) {
    String topic = message.topic();
    Matcher template = PROVISION.matcher(topic);
    boolean provision = template.matches();
    if (!provision && !topic.equals(FROM_CSR)) {
      return false;
    }
    underWay.incrementAndGet();
    workers.execute(() -> {
      try {
        answer(message, provision ? template.group(1) : null, certificateId, answers);
      } finally {
        underWay.decrementAndGet();
      }
    });
    return true;
  }

  private void answer(
      Message message, @Nullable String template, String certificateId, Answers answers) {
    ObjectNode answer;
    String suffix = "/accepted";
    try {
      JsonNode request = parsed(message.payload());
      answer =
          template != null
              ? provision(template, request, message.clientId(), certificateId)
              : fromRequest(request);
    } catch (Rejected rejected) {
      suffix = "/rejected";
      answer =
          JSON.createObjectNode()
              .put("statusCode", rejected.status)
              .put("errorCode", rejected.code)
              .put("errorMessage", rejected.getMessage());
    }
    try {
      answers.send(
          message.clientId(),
          message.topic() + suffix,
          answer.toString().getBytes(StandardCharsets.UTF_8));
    } catch (IOException _) {
      // The client is gone, or the broker: it asks again.
    }
  }

  private static JsonNode parsed(byte[] payload) throws Rejected {
    try {
      return JSON.readTree(payload);
    } catch (IOException notJson) {
      throw new Rejected(BAD_REQUEST, "InvalidPayload", "The payload is not JSON.");
    }
  }

  private ObjectNode fromRequest(JsonNode request) throws Rejected {
    try {
      return owned(
          authority.sign(
              request.path("certificateSigningRequest").asText(),
              CertificateAuthority.VALID_FROM,
              CertificateAuthority.VALID_UNTIL));
    } catch (IllegalArgumentException refused) {
      throw new Rejected(BAD_REQUEST, "InvalidCSR", String.valueOf(refused.getMessage()));
    }
  }

  private ObjectNode owned(X509Certificate issued) {
    expire();
    Certificate certificate = registry.registerCertificate(issued, Status.PENDING_ACTIVATION);
    byte[] bytes = new byte[TOKEN_BYTES];
    random.nextBytes(bytes);
    String token = Base64.getUrlEncoder().withoutPadding().encodeToString(bytes);
    tokens.put(token, new Owned(certificate.id(), clock.instant().plus(TOKEN_HOLDS)));
    return JSON.createObjectNode()
        .put("certificateId", certificate.id())
        .put("certificatePem", CertificateAuthority.pem(issued))
        .put("certificateOwnershipToken", token);
  }

  private ObjectNode provision(
      String name, JsonNode request, String clientId, String claimCertificateId) throws Rejected {
    expire();
    ProvisioningTemplate template = templates.get(name);
    if (template == null || !template.enabled) {
      throw new Rejected(NOT_FOUND, "ResourceNotFound", "There is no such template.");
    }
    Owned owned = tokens.get(request.path("certificateOwnershipToken").asText());
    Certificate certificate = owned == null ? null : registry.certificate(owned.certificateId);
    if (certificate == null
        || !(certificate.status() == Status.PENDING_ACTIVATION || certificate.active())) {
      throw new Rejected(
          BAD_REQUEST,
          "InvalidCertificateOwnershipToken",
          "The certificate ownership token is empty, unknown or over.");
    }
    var parameters = new HashMap<String, String>();
    for (Map.Entry<String, JsonNode> parameter : request.path("parameters").properties()) {
      parameters.put(parameter.getKey(), parameter.getValue().asText());
    }
    if (template.hookArn.isPresent()) {
      parameters.putAll(
          allowed(
              template,
              template.hookArn.get(),
              certificate,
              clientId,
              claimCertificateId,
              parameters));
    }
    Made made;
    try {
      made = template.make(parameters);
    } catch (MissingParameter missing) {
      throw new Rejected(BAD_REQUEST, "MissingParameter", String.valueOf(missing.getMessage()));
    }
    apply(template, made, certificate);
    ObjectNode answer = JSON.createObjectNode().put("thingName", made.thing());
    ObjectNode configuration = answer.putObject("deviceConfiguration");
    made.deviceConfiguration().forEach(configuration::put);
    return answer;
  }

  /// Asks the hook.
  ///
  /// @return parameters that it sets in place of the device's
  private Map<String, String> allowed(
      ProvisioningTemplate template,
      String hookArn,
      Certificate certificate,
      String clientId,
      String claimCertificateId,
      Map<String, String> parameters)
      throws Rejected {
    ObjectNode event =
        JSON.createObjectNode()
            .put("claimCertificateId", claimCertificateId)
            .put("certificateId", certificate.id())
            .put("certificatePem", CertificateAuthority.pem(certificate.x509()))
            .put("templateArn", template.arn)
            .put("clientId", clientId);
    ObjectNode given = event.putObject("parameters");
    parameters.forEach(given::put);
    JsonNode answer;
    try {
      answer =
          JSON.readTree(
              account.ask(
                  hookArn, event.toString().getBytes(StandardCharsets.UTF_8), HOOK_TIME_MAX));
    } catch (ActionFailed | IOException failed) {
      throw new Rejected(
          SERVER_ERROR, "PreProvisioningHookFailed", "The pre-provisioning hook did not answer.");
    }
    if (!answer.path("allowProvisioning").asBoolean(false)) {
      throw new Rejected(
          BAD_REQUEST, "AccessDenied", "The pre-provisioning hook did not allow it.");
    }
    var overrides = new HashMap<String, String>();
    for (Map.Entry<String, JsonNode> override : answer.path("parameterOverrides").properties()) {
      overrides.put(override.getKey(), override.getValue().asText());
    }
    return overrides;
  }

  /// Makes what is not there, the certificate's activation last, so that a device is never let in
  /// without all it needs.
  private void apply(ProvisioningTemplate template, Made made, Certificate certificate)
      throws Rejected {
    String thingArn = registry.arn("thing/" + made.thing());
    String certificateArn = registry.arn("cert/" + certificate.id());
    try {
      Optional<Thing> there = registry.thing(made.thing());
      if (there.isEmpty()) {
        require(template, "iot:CreateThing", thingArn);
        registry.createThing(made.thing(), made.type(), made.attributes());
      } else {
        change(template, made, there.get(), thingArn);
      }
      boolean leaveGroups =
          there.isPresent() && template.ifThere("ThingGroups") == IfThere.DO_NOTHING;
      for (String group : leaveGroups ? List.<String>of() : made.groups()) {
        require(template, "iot:AddThingToThingGroup", thingArn);
        require(template, "iot:AddThingToThingGroup", registry.arn("thinggroup/" + group));
        registry.addToGroup(group, made.thing());
      }
      require(template, "iot:AttachThingPrincipal", "*");
      registry.attachThing(certificate.id(), made.thing());
      for (String policy : made.policies()) {
        require(template, "iot:AttachPolicy", certificateArn);
        registry.attachPolicy(certificate.id(), policy);
      }
      require(template, "iot:UpdateCertificate", certificateArn);
      registry.setStatus(certificate.id(), template.status);
    } catch (IllegalArgumentException refused) {
      throw new Rejected(BAD_REQUEST, "InvalidRequest", String.valueOf(refused.getMessage()));
    }
  }

  private void change(ProvisioningTemplate template, Made made, Thing there, String thingArn)
      throws Rejected {
    if (made.type() != null
        && !made.type().equals(there.type())
        && template.ifThere("ThingTypeName") != IfThere.DO_NOTHING) {
      throw conflict(made.thing()); // a type is never replaced here: ours never differs
    }
    if (made.attributes().equals(there.attributes())) {
      return;
    }
    switch (template.ifThere("AttributePayload")) {
      case DO_NOTHING -> {}
      case REPLACE, MERGE -> {
        require(template, "iot:UpdateThing", thingArn);
        registry.updateThing(
            made.thing(), made.attributes(), template.ifThere("AttributePayload") == IfThere.MERGE);
      }
      case FAIL -> throw conflict(made.thing());
    }
  }

  private static Rejected conflict(String thing) {
    return new Rejected(
        BAD_REQUEST, "ResourceConflict", "The thing %s is there and differs.".formatted(thing));
  }

  private void require(ProvisioningTemplate template, String action, String resource)
      throws Rejected {
    if (!account.roleMay(template.roleArn, action, resource)) {
      throw new Rejected(
          BAD_REQUEST, "AccessDenied", "The template's role may not " + action + ".");
    }
  }

  /// Deletes certificates that nothing was made of in time.
  public void expire() {
    Instant now = clock.instant();
    tokens.forEach((token, owned) -> {
      if (!now.isBefore(owned.until)) {
        registry.deletePending(owned.certificateId);
        tokens.remove(token);
      }
    });
  }

  /// Whether no request is under way.
  public boolean quiet() {
    return underWay.get() == 0;
  }

  /// Takes no more requests.
  @Override
  public void close() {
    workers.shutdownNow();
  }
}
