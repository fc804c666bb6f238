package meterveil.embedded.iot;

import static java.util.Objects.requireNonNull;

import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.security.cert.CertificateEncodingException;
import java.security.cert.X509Certificate;
import java.time.Instant;
import java.util.Collection;
import java.util.Comparator;
import java.util.HashMap;
import java.util.HashSet;
import java.util.HexFormat;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentMap;
import java.util.function.UnaryOperator;
import meterveil.embedded.policy.PolicyDocument;
import org.jspecify.annotations.Nullable;

/// The registry of one account and region: things, certificates, policies and what belongs to what.
///
/// Safe for many threads. Each change is seen by whatever the broker judges next: attributes take
/// effect at once, where IoT Core takes some seconds.
public final class ThingRegistry {

  private static final Set<String> KEYS =
      Set.of(
          "iot:ClientId",
          "iot:ConnectAttributes",
          "iot:Connection.Thing.ThingName",
          "iot:Connection.Thing.ThingTypeName",
          "iot:Connection.Thing.IsAttached");
  private static final String ATTRIBUTE_KEY = "iot:Connection.Thing.Attributes[";

  /// What a certificate may be used for.
  public enum Status {
    /// Connects.
    ACTIVE,
    /// Switched off, for good or not.
    INACTIVE,
    /// Switched off for good.
    REVOKED,
    /// Waits for what activates it: provisioning, or a rule on its registration.
    PENDING_ACTIVATION
  }

  /// A certificate as it is at one moment.
  ///
  /// @param id SHA-256 of the certificate, in hexadecimal, as IoT Core names it
  /// @param x509 itself
  /// @param status whether it may be used
  /// @param things those it is attached to
  /// @param policies names of those attached to it
  public record Certificate(
      String id, X509Certificate x509, Status status, Set<String> things, Set<String> policies) {

    public Certificate {
      things = Set.copyOf(things);
      policies = Set.copyOf(policies);
    }

    /// First instant at which it holds.
    public Instant validFrom() {
      return x509.getNotBefore().toInstant();
    }

    /// Last instant at which it holds.
    public Instant validUntil() {
      return x509.getNotAfter().toInstant();
    }

    boolean active() {
      return status == Status.ACTIVE;
    }

    private Certificate with(Status now) {
      return new Certificate(id, x509, now, things, policies);
    }

    private Certificate withThing(String thing) {
      return new Certificate(id, x509, status, plus(things, thing), policies);
    }

    private Certificate withPolicy(String policy) {
      return new Certificate(id, x509, status, things, plus(policies, policy));
    }

    private static Set<String> plus(Set<String> names, String name) {
      var more = new HashSet<>(names);
      more.add(name);
      return more;
    }
  }

  /// A certificate authority that an owner of devices has registered.
  ///
  /// @param id SHA-256 of its certificate, in hexadecimal
  /// @param x509 its certificate
  /// @param autoRegistration whether certificates of it are taken in when they first connect
  public record Authority(String id, X509Certificate x509, boolean autoRegistration) {}

  private final String region;
  private final String account;
  private final ConcurrentMap<String, Thing> things = new ConcurrentHashMap<>();
  private final ConcurrentMap<String, Certificate> certificates = new ConcurrentHashMap<>();
  private final ConcurrentMap<String, PolicyDocument> policies = new ConcurrentHashMap<>();
  private final ConcurrentMap<String, Set<String>> groups = new ConcurrentHashMap<>();
  private final ConcurrentMap<String, Authority> authorities = new ConcurrentHashMap<>();

  public ThingRegistry(String region, String account) {
    this.region = region;
    this.account = account;
  }

  /// The ARN of something in this registry, for instance of `topic/a/b`.
  public String arn(String resource) {
    return "arn:aws:iot:" + region + ":" + account + ":" + resource;
  }

  /// The account.
  public String account() {
    return account;
  }

  /// Makes a thing.
  ///
  /// @param type its thing type, null for none
  /// @throws IllegalArgumentException if there is one of that name, or IoT Core would refuse it
  public Thing createThing(String name, @Nullable String type, Map<String, String> attributes) {
    var thing = new Thing(name, type, attributes);
    if (things.putIfAbsent(name, thing) != null) {
      throw new IllegalArgumentException("there is a thing " + name);
    }
    return thing;
  }

  /// Changes a thing's attributes, as UpdateThing does.
  ///
  /// @param merge whether those not named are kept, and those named with an empty value removed;
  ///   otherwise the given ones replace all
  /// @throws IllegalArgumentException if there is no such thing, or IoT Core would refuse it
  public Thing updateThing(String name, Map<String, String> attributes, boolean merge) {
    Thing changed =
        things.computeIfPresent(
            name,
            (same, thing) -> {
              if (!merge) {
                return new Thing(name, thing.type(), attributes);
              }
              var merged = new HashMap<>(thing.attributes());
              merged.putAll(attributes);
              merged.values().removeIf(String::isEmpty);
              return new Thing(name, thing.type(), merged);
            });
    if (changed == null) {
      throw new IllegalArgumentException("there is no thing " + name);
    }
    return changed;
  }

  /// The thing of that name.
  public Optional<Thing> thing(String name) {
    return Optional.ofNullable(things.get(name));
  }

  /// Every thing.
  public Collection<Thing> things() {
    return List.copyOf(things.values());
  }

  /// Makes a policy, or changes it for every certificate it is attached to.
  ///
  /// @throws IllegalArgumentException naming the resource, if the policy asks about a key or
  ///   variable that is not implemented
  public void putPolicy(String name, PolicyDocument document) {
    for (String key : document.keys()) {
      if (!KEYS.contains(key) && !(key.startsWith(ATTRIBUTE_KEY) && key.endsWith("]"))) {
        throw new IllegalArgumentException(
            document.resourceName() + ": its policy asks about a key not implemented: " + key);
      }
    }
    policies.put(name, document);
  }

  /// Whether there is a policy of that name.
  public boolean hasPolicy(String name) {
    return policies.containsKey(name);
  }

  /// Makes a group without things, or leaves it as it is.
  public void createGroup(String name) {
    groups.computeIfAbsent(name, _ -> ConcurrentHashMap.newKeySet());
  }

  /// The things of a group; nothing if there is no such group.
  public Optional<Set<String>> group(String name) {
    return Optional.ofNullable(groups.get(name)).map(Set::copyOf);
  }

  /// Adds a thing to a group, in which it may be already.
  ///
  /// @throws IllegalArgumentException if either is unknown
  public void addToGroup(String group, String thing) {
    Set<String> members = groups.get(group);
    if (members == null || !things.containsKey(thing)) {
      throw new IllegalArgumentException(
          "there is no group %s or thing %s".formatted(group, thing));
    }
    members.add(thing);
  }

  /// Registers a certificate authority, or changes whether its certificates are taken in.
  public Authority registerAuthority(X509Certificate certificate, boolean autoRegistration) {
    var authority = new Authority(certificateId(certificate), certificate, autoRegistration);
    authorities.put(authority.id(), authority);
    return authority;
  }

  /// Every registered authority.
  public Collection<Authority> authorities() {
    return List.copyOf(authorities.values());
  }

  /// The registered authority that signed a certificate.
  public Optional<Authority> authorityOf(X509Certificate certificate) {
    return authorities.values().stream()
        .filter(authority -> CertificateAuthority.signed(authority.x509(), certificate))
        .findFirst();
  }

  /// Takes in a certificate, active at once, and says its id.
  public String registerCertificate(X509Certificate certificate) {
    return registerCertificate(certificate, Status.ACTIVE).id();
  }

  /// Takes in a certificate; if it is there already, leaves it as it is.
  public Certificate registerCertificate(X509Certificate certificate, Status status) {
    String id = certificateId(certificate);
    return certificates.computeIfAbsent(
        id, _ -> new Certificate(id, certificate, status, Set.of(), Set.of()));
  }

  /// Deletes a certificate unless it has become active.
  void deletePending(String certificateId) {
    certificates.computeIfPresent(
        certificateId,
        (_, certificate) -> certificate.status() == Status.PENDING_ACTIVATION ? null : certificate);
  }

  /// Attaches a certificate to a thing.
  ///
  /// @throws IllegalArgumentException if either is unknown
  public void attachThing(String certificateId, String thing) {
    if (!things.containsKey(thing)) {
      throw new IllegalArgumentException("there is no thing " + thing);
    }
    change(certificateId, certificate -> certificate.withThing(thing));
  }

  /// Attaches a policy to a certificate.
  ///
  /// @throws IllegalArgumentException if either is unknown
  public void attachPolicy(String certificateId, String policy) {
    if (!policies.containsKey(policy)) {
      throw new IllegalArgumentException("there is no policy " + policy);
    }
    change(certificateId, certificate -> certificate.withPolicy(policy));
  }

  /// Changes what a certificate may be used for.
  ///
  /// @throws IllegalArgumentException if it is unknown
  public void setStatus(String certificateId, Status status) {
    change(certificateId, certificate -> certificate.with(status));
  }

  /// The certificate with that id, null if there is none.
  public @Nullable Certificate certificate(String id) {
    return certificates.get(id);
  }

  /// The certificates that are attached to a thing, in the order of their ids.
  public List<Certificate> certificatesOf(String thing) {
    return certificates.values().stream()
        .filter(certificate -> certificate.things().contains(thing))
        .sorted(Comparator.comparing(Certificate::id))
        .toList();
  }

  /// The documents of a certificate's policies.
  List<PolicyDocument> policies(Certificate certificate) {
    return certificate.policies().stream()
        .map(name -> requireNonNull(policies.get(name), "a policy is never removed"))
        .toList();
  }

  /// What IoT Core calls a certificate.
  public static String certificateId(X509Certificate certificate) {
    try {
      return HexFormat.of()
          .formatHex(MessageDigest.getInstance("SHA-256").digest(certificate.getEncoded()));
    } catch (NoSuchAlgorithmException | CertificateEncodingException e) {
      throw new IllegalStateException("the JDK cannot fingerprint a certificate", e);
    }
  }

  private void change(String certificateId, UnaryOperator<Certificate> change) {
    if (certificates.computeIfPresent(certificateId, (id, was) -> change.apply(was)) == null) {
      throw new IllegalArgumentException("there is no certificate " + certificateId);
    }
  }

  /// What policies can ask about a client of that certificate: its thing only counts when the
  /// certificate is attached to it.
  static Map<String, List<String>> context(
      String clientId, Certificate certificate, @Nullable Thing thing) {
    var context = new LinkedHashMap<String, List<String>>();
    context.put("iot:ClientId", List.of(clientId));
    if (thing == null || !certificate.things().contains(thing.name())) {
      context.put("iot:Connection.Thing.IsAttached", List.of("false"));
    } else {
      context.put("iot:Connection.Thing.IsAttached", List.of("true"));
      context.put("iot:Connection.Thing.ThingName", List.of(thing.name()));
      if (thing.type() != null) {
        context.put("iot:Connection.Thing.ThingTypeName", List.of(thing.type()));
      }
      thing
          .attributes()
          .forEach((name, value) -> context.put(ATTRIBUTE_KEY + name + "]", List.of(value)));
    }
    return Map.copyOf(context);
  }
}
