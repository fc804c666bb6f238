package meterveil.embedded.aws;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.json.JsonMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import meterveil.embedded.aws.Roles.Caller;
import meterveil.embedded.iot.CertificateAuthority;
import meterveil.embedded.iot.Thing;
import meterveil.embedded.iot.ThingRegistry;
import meterveil.embedded.iot.ThingRegistry.Certificate;
import meterveil.embedded.iot.ThingRegistry.Status;
import org.jspecify.annotations.Nullable;

/// IoT Core's control plane, as far as the platform calls it: things, certificates and what belongs
/// to what, in the REST form of its API reference. A request that holds anything else is refused.
final class IotDoor implements Door.Service {

  private static final int NOT_FOUND = 404;
  private static final int FORBIDDEN = 403;
  private static final int CONFLICT = 409;
  private static final JsonMapper JSON = new JsonMapper();

  /// @param operation its name in the API, which is the action's in policies too
  private record Route(String operation, String method, Pattern path) {
    Route(String operation, String method, String path) {
      this(operation, method, Pattern.compile(path));
    }
  }

  private static final List<Route> ROUTES =
      List.of(
          new Route("DescribeThing", "GET", "/things/([^/]+)"),
          new Route("CreateThing", "POST", "/things/([^/]+)"),
          new Route("UpdateThing", "PATCH", "/things/([^/]+)"),
          new Route("ListThingPrincipals", "GET", "/things/([^/]+)/principals"),
          new Route("AttachThingPrincipal", "PUT", "/things/([^/]+)/principals"),
          new Route("DescribeCertificate", "GET", "/certificates/([^/]+)"),
          new Route("UpdateCertificate", "PUT", "/certificates/([^/]+)"),
          new Route("AttachPolicy", "PUT", "/target-policies/([^/]+)"),
          new Route("AddThingToThingGroup", "PUT", "/thing-groups/(addThingToThingGroup)"));

  private final ThingRegistry registry;
  private final Roles roles;

  IotDoor(ThingRegistry registry, Roles roles) {
    this.registry = registry;
    this.roles = roles;
  }

  @Override
  public String operation(Message request) throws AwsError {
    return route(request).operation;
  }

  private static Route route(Message request) throws AwsError {
    String path = request.target().split("\\?", 2)[0];
    for (Route route : ROUTES) {
      if (route.method.equals(request.method()) && route.path.matcher(path).matches()) {
        return route;
      }
    }
    throw new AwsError(
        NOT_FOUND, "UnknownOperationException", request.method() + " " + request.target());
  }

  @Override
  public String throttled() {
    return "ThrottlingException";
  }

  @Override
  public Message answer(Caller caller, String operation, Message request)
      throws AwsError, IOException {
    String[] target = request.target().split("\\?", 2);
    Matcher path = route(request).path.matcher(target[0]);
    if (!path.matches()) {
      throw new IllegalStateException("the route's own path");
    }
    String name = IotDataDoor.decoded(path.group(1));
    Map<String, String> query = target.length > 1 ? IotDataDoor.query(target[1]) : new HashMap<>();
    JsonNode body = body(request);
    ObjectNode answer =
        switch (operation) {
          case "DescribeThing" -> {
            require(caller, operation, "thing/" + name);
            yield describe(thing(name));
          }
          case "CreateThing" -> {
            require(caller, operation, "thing/" + name);
            yield create(name, body);
          }
          case "UpdateThing" -> {
            require(caller, operation, "thing/" + name);
            yield update(name, body);
          }
          case "ListThingPrincipals" -> {
            requireAny(caller, operation);
            yield principals(thing(name));
          }
          case "AttachThingPrincipal" -> {
            requireAny(caller, operation);
            registry.attachThing(
                certificate(certificateId(request.header("x-amzn-principal"))).id(),
                thing(name).name());
            yield JSON.createObjectNode();
          }
          case "DescribeCertificate" -> {
            require(caller, operation, "cert/" + name);
            yield describe(certificate(name));
          }
          case "UpdateCertificate" -> {
            require(caller, operation, "cert/" + name);
            registry.setStatus(certificate(name).id(), status(query.get("newStatus")));
            yield JSON.createObjectNode();
          }
          case "AttachPolicy" -> {
            String id = certificateId(text(body, "target"));
            require(caller, operation, "cert/" + id);
            if (!registry.hasPolicy(name)) {
              throw notFound("policy " + name);
            }
            registry.attachPolicy(certificate(id).id(), name);
            yield JSON.createObjectNode();
          }
          default -> addToGroup(caller, body);
        };
    return Message.json(200, JSON.writeValueAsBytes(answer));
  }

  private static JsonNode body(Message request) throws AwsError, IOException {
    if (request.body().length == 0) {
      return JSON.createObjectNode();
    }
    try {
      return JSON.readTree(request.body());
    } catch (JsonProcessingException e) {
      throw invalid("not JSON");
    }
  }

  private void require(Caller caller, String operation, String resource) throws AwsError {
    requireArn(caller, operation, registry.arn(resource));
  }

  /// For an action that knows no resources, and so is allowed on all or none.
  private void requireAny(Caller caller, String operation) throws AwsError {
    requireArn(caller, operation, "*");
  }

  private void requireArn(Caller caller, String operation, String arn) throws AwsError {
    try {
      roles.require(caller, "iot:" + operation, arn, Map.of());
    } catch (AwsError denied) {
      throw new AwsError(FORBIDDEN, denied.type(), String.valueOf(denied.getMessage()));
    }
  }

  private Thing thing(String name) throws AwsError {
    return registry.thing(name).orElseThrow(() -> notFound("thing " + name));
  }

  private Certificate certificate(String id) throws AwsError {
    @Nullable Certificate certificate = registry.certificate(id);
    if (certificate == null) {
      throw notFound("certificate " + id);
    }
    return certificate;
  }

  private ObjectNode describe(Thing thing) {
    ObjectNode answer =
        JSON.createObjectNode()
            .put("thingName", thing.name())
            .put("thingArn", registry.arn("thing/" + thing.name()))
            .put("defaultClientId", thing.name())
            .put("version", 1);
    if (thing.type() != null) {
      answer.put("thingTypeName", thing.type());
    }
    ObjectNode attributes = answer.putObject("attributes");
    thing.attributes().forEach(attributes::put);
    return answer;
  }

  private ObjectNode create(String name, JsonNode body) throws AwsError {
    only(body, Set.of("thingTypeName", "attributePayload"));
    Map<String, String> attributes = attributes(body);
    String type = body.path("thingTypeName").asText(null);
    Thing there = registry.thing(name).orElse(null);
    try {
      if (there == null) {
        registry.createThing(name, type, attributes);
      } else if (!there.equals(new Thing(name, type, attributes))) {
        throw new AwsError(
            CONFLICT, "ResourceAlreadyExistsException", "Thing %s is another".formatted(name));
      }
    } catch (IllegalArgumentException refused) {
      throw invalid(refused.getMessage());
    }
    return JSON.createObjectNode()
        .put("thingName", name)
        .put("thingArn", registry.arn("thing/" + name));
  }

  private ObjectNode update(String name, JsonNode body) throws AwsError {
    only(body, Set.of("attributePayload"));
    try {
      registry.updateThing(
          thing(name).name(),
          attributes(body),
          body.path("attributePayload").path("merge").asBoolean());
    } catch (IllegalArgumentException refused) {
      throw invalid(refused.getMessage());
    }
    return JSON.createObjectNode();
  }

  private static Map<String, String> attributes(JsonNode body) throws AwsError {
    JsonNode payload = body.path("attributePayload");
    only(payload, Set.of("attributes", "merge"));
    var attributes = new HashMap<String, String>();
    for (Map.Entry<String, JsonNode> attribute : payload.path("attributes").properties()) {
      if (!attribute.getValue().isTextual()) {
        throw invalid("an attribute that is no string");
      }
      attributes.put(attribute.getKey(), attribute.getValue().asText());
    }
    return attributes;
  }

  private ObjectNode principals(Thing thing) {
    ObjectNode answer = JSON.createObjectNode();
    var principals = answer.putArray("principals");
    registry.certificatesOf(thing.name()).forEach(certificate -> principals.add(arn(certificate)));
    return answer;
  }

  private ObjectNode describe(Certificate certificate) {
    ObjectNode answer = JSON.createObjectNode();
    ObjectNode description =
        answer
            .putObject("certificateDescription")
            .put("certificateArn", arn(certificate))
            .put("certificateId", certificate.id())
            .put("status", certificate.status().name())
            .put("certificatePem", CertificateAuthority.pem(certificate.x509()))
            .put("ownedBy", registry.account())
            .put("certificateMode", "DEFAULT");
    description
        .putObject("validity")
        .put("notBefore", certificate.validFrom().getEpochSecond())
        .put("notAfter", certificate.validUntil().getEpochSecond());
    registry
        .authorityOf(certificate.x509())
        .ifPresent(authority -> description.put("caCertificateId", authority.id()));
    return answer;
  }

  private ObjectNode addToGroup(Caller caller, JsonNode body) throws AwsError {
    only(body, Set.of("thingName", "thingGroupName"));
    String thing = text(body, "thingName");
    String group = text(body, "thingGroupName");
    require(caller, "AddThingToThingGroup", "thing/" + thing);
    require(caller, "AddThingToThingGroup", "thinggroup/" + group);
    if (registry.group(group).isEmpty()) {
      throw notFound("thing group " + group);
    }
    registry.addToGroup(group, thing(thing).name());
    return JSON.createObjectNode();
  }

  private String arn(Certificate certificate) {
    return registry.arn("cert/" + certificate.id());
  }

  private String certificateId(String arn) throws AwsError {
    String prefix = registry.arn("cert/");
    if (!arn.startsWith(prefix)) {
      throw invalid("a principal that is no certificate of this account: " + arn);
    }
    return arn.substring(prefix.length());
  }

  /// What the API takes; a certificate never goes back to waiting.
  private static Status status(@Nullable String name) throws AwsError {
    return switch (name) {
      case "ACTIVE" -> Status.ACTIVE;
      case "INACTIVE" -> Status.INACTIVE;
      case "REVOKED" -> Status.REVOKED;
      case null, default -> throw invalid("newStatus: " + name);
    };
  }

  private static String text(JsonNode body, String member) throws AwsError {
    if (!body.path(member).isTextual()) {
      throw invalid(member + " is missing");
    }
    return body.path(member).asText();
  }

  private static void only(JsonNode body, Set<String> known) throws AwsError {
    for (Map.Entry<String, JsonNode> member : body.properties()) {
      if (!known.contains(member.getKey())) {
        throw invalid("not implemented here: " + member.getKey());
      }
    }
  }

  private static AwsError invalid(@Nullable String why) {
    return AwsError.refused("InvalidRequestException", String.valueOf(why));
  }

  private static AwsError notFound(String what) {
    return new AwsError(NOT_FOUND, "ResourceNotFoundException", "There is no " + what);
  }
}
