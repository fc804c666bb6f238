package meterveil.embedded.iot;

import java.io.IOException;
import java.io.OutputStream;
import java.io.StringReader;
import java.math.BigInteger;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermission;
import java.nio.file.attribute.PosixFilePermissions;
import java.security.GeneralSecurityException;
import java.security.KeyPair;
import java.security.KeyPairGenerator;
import java.security.KeyStore;
import java.security.PrivateKey;
import java.security.PublicKey;
import java.security.SecureRandom;
import java.security.cert.Certificate;
import java.security.cert.CertificateEncodingException;
import java.security.cert.X509Certificate;
import java.security.spec.ECGenParameterSpec;
import java.time.Instant;
import java.util.Base64;
import java.util.Collection;
import java.util.Date;
import java.util.Set;
import org.bouncycastle.asn1.x500.X500Name;
import org.bouncycastle.asn1.x500.X500NameBuilder;
import org.bouncycastle.asn1.x500.style.BCStyle;
import org.bouncycastle.asn1.x509.BasicConstraints;
import org.bouncycastle.asn1.x509.ExtendedKeyUsage;
import org.bouncycastle.asn1.x509.Extension;
import org.bouncycastle.asn1.x509.GeneralName;
import org.bouncycastle.asn1.x509.GeneralNames;
import org.bouncycastle.asn1.x509.KeyPurposeId;
import org.bouncycastle.asn1.x509.KeyUsage;
import org.bouncycastle.cert.CertIOException;
import org.bouncycastle.cert.jcajce.JcaX509CertificateConverter;
import org.bouncycastle.cert.jcajce.JcaX509v3CertificateBuilder;
import org.bouncycastle.openssl.PEMParser;
import org.bouncycastle.operator.OperatorCreationException;
import org.bouncycastle.operator.jcajce.JcaContentSignerBuilder;
import org.bouncycastle.operator.jcajce.JcaContentVerifierProviderBuilder;
import org.bouncycastle.pkcs.PKCS10CertificationRequest;
import org.bouncycastle.pkcs.PKCSException;
import org.bouncycastle.pkcs.jcajce.JcaPKCS10CertificationRequest;
import org.jspecify.annotations.Nullable;

/// The run's own certificate authority, on the curve P-256.
///
/// Its keys are made for the run and lie below the run's folder only; its own private key is never
/// written. A device's certificate names no thing: which thing it belongs to is the registry's to
/// say, as with the certificates that IoT Core makes.
public final class CertificateAuthority {

  /// From when certificates hold unless asked otherwise: before any reading, so that a certificate
  /// holds by a moved clock as by the wall's, which TLS goes by.
  public static final Instant VALID_FROM = Instant.parse("2000-01-01T00:00:00Z");

  /// Until when certificates hold unless asked otherwise, as those that IoT Core makes.
  public static final Instant VALID_UNTIL = Instant.parse("2049-12-31T23:59:59Z");

  private static final X500Name DEVICE = new X500Name("CN=Meterveil device");
  private static final int SERIAL_BITS = 127;
  private static final Set<PosixFilePermission> OWNER_ONLY =
      PosixFilePermissions.fromString("rw-------");

  /// What a certificate says, apart from the key it is for.
  private record Profile(
      X500Name subject,
      Instant validFrom,
      Instant validUntil,
      boolean authority,
      @Nullable KeyPurposeId purpose,
      @Nullable GeneralNames names) {}

  private final SecureRandom random = new SecureRandom();
  private final Path folder;
  private final X500Name name;
  private final PrivateKey key;
  private final X509Certificate certificate;
  private final Path certificatePem;

  /// Makes an authority with a new key.
  ///
  /// @param folder where its certificate and everything it issues is written; made if absent
  /// @param commonName its name
  /// @throws IOException if the folder cannot be written
  public CertificateAuthority(Path folder, String commonName) throws IOException {
    this.folder = Files.createDirectories(folder);
    name = new X500Name("CN=" + commonName);
    KeyPair own = newKeys(random);
    key = own.getPrivate();
    certificate =
        sign(
            new Profile(name, VALID_FROM, VALID_UNTIL, true, null, null),
            own.getPublic(),
            name,
            key,
            random);
    certificatePem = writePem("ca.pem", "CERTIFICATE", encoded(certificate));
  }

  /// The file with its certificate, which devices trust.
  public Path certificatePem() {
    return certificatePem;
  }

  /// Issues a device certificate that holds as long as those of IoT Core do.
  ///
  /// @param fileName of the two files, without ending
  /// @throws IOException if they cannot be written
  public DeviceCertificate issue(String fileName) throws IOException {
    return issue(fileName, VALID_FROM, VALID_UNTIL);
  }

  /// Issues a device certificate.
  ///
  /// @param fileName of the two files, without ending
  /// @param validFrom first instant at which it holds, to the second
  /// @param validUntil last one
  /// @throws IOException if the files cannot be written
  public DeviceCertificate issue(String fileName, Instant validFrom, Instant validUntil)
      throws IOException {
    return issue(fileName, DEVICE, validFrom, validUntil);
  }

  private DeviceCertificate issue(
      String fileName, X500Name subject, Instant validFrom, Instant validUntil) throws IOException {
    KeyPair device = newKeys(random);
    X509Certificate issued =
        sign(device(subject, validFrom, validUntil), device.getPublic(), name, key, random);
    return new DeviceCertificate(
        issued,
        writePem(fileName + ".pem", "CERTIFICATE", encoded(issued)),
        writePem(fileName + ".key", "PRIVATE KEY", device.getPrivate().getEncoded()));
  }

  /// Its certificate.
  public X509Certificate certificate() {
    return certificate;
  }

  /// Issues a device certificate that names its device, as a utility's own authority does.
  ///
  /// @param fileName of the two files, without ending
  /// @param commonName the thing's name
  /// @param organization the tenant
  /// @throws IOException if the files cannot be written
  public DeviceCertificate issueFor(String fileName, String commonName, String organization)
      throws IOException {
    var subject =
        new X500NameBuilder(BCStyle.INSTANCE)
            .addRDN(BCStyle.O, organization)
            .addRDN(BCStyle.CN, commonName)
            .build();
    return issue(fileName, subject, VALID_FROM, VALID_UNTIL);
  }

  /// Signs what a device asks for: its key, which it keeps, and no more of what it says of itself.
  ///
  /// @param requestPem PKCS #10
  /// @param validFrom first instant at which it holds, to the second
  /// @param validUntil last one
  /// @throws IllegalArgumentException if that is no request, or not signed with its own key
  X509Certificate sign(String requestPem, Instant validFrom, Instant validUntil) {
    PublicKey publicKey;
    try (var pem = new PEMParser(new StringReader(requestPem))) {
      if (!(pem.readObject() instanceof PKCS10CertificationRequest parsed)) {
        throw new IllegalArgumentException("not a certificate signing request");
      }
      var request = new JcaPKCS10CertificationRequest(parsed);
      publicKey = request.getPublicKey();
      if (!request.isSignatureValid(new JcaContentVerifierProviderBuilder().build(publicKey))) {
        throw new IllegalArgumentException("a request that is not signed with its own key");
      }
    } catch (IOException | GeneralSecurityException | OperatorCreationException | PKCSException e) {
      throw new IllegalArgumentException("not a certificate signing request", e);
    }
    return sign(device(DEVICE, validFrom, validUntil), publicKey, name, key, random);
  }

  private static Profile device(X500Name subject, Instant validFrom, Instant validUntil) {
    return new Profile(subject, validFrom, validUntil, false, KeyPurposeId.id_kp_clientAuth, null);
  }

  /// A certificate as PEM.
  public static String pem(X509Certificate certificate) {
    return pem("CERTIFICATE", encoded(certificate));
  }

  /// Whether an authority signed a certificate.
  static boolean signed(X509Certificate authority, X509Certificate certificate) {
    if (!certificate.getIssuerX500Principal().equals(authority.getSubjectX500Principal())) {
      return false;
    }
    try {
      certificate.verify(authority.getPublicKey());
      return true;
    } catch (GeneralSecurityException anotherOfThatName) {
      return false;
    }
  }

  /// Writes a key store for a server: its own key and certificate, for `localhost` and 127.0.0.1.
  void writeKeyStore(Path keyStore, char[] password) throws IOException {
    KeyPair server = newKeys(random);
    X509Certificate issued =
        sign(
            new Profile(
                new X500Name("CN=localhost"),
                VALID_FROM,
                VALID_UNTIL,
                false,
                KeyPurposeId.id_kp_serverAuth,
                new GeneralNames(
                    new GeneralName[] {
                      new GeneralName(GeneralName.dNSName, "localhost"),
                      new GeneralName(GeneralName.iPAddress, "127.0.0.1")
                    })),
            server.getPublic(),
            name,
            key,
            random);
    try {
      KeyStore keys = KeyStore.getInstance("JKS");
      keys.load(null, password);
      keys.setKeyEntry(
          "server", server.getPrivate(), password, new Certificate[] {issued, certificate});
      store(keys, keyStore, password);
    } catch (GeneralSecurityException e) {
      throw new IllegalStateException("the JDK makes no JKS stores", e);
    }
  }

  /// Writes a trust store for a server: the authorities whose clients it trusts.
  static void writeTrustStore(
      Path trustStore, char[] password, Collection<X509Certificate> authorities)
      throws IOException {
    try {
      KeyStore trusted = KeyStore.getInstance("JKS");
      trusted.load(null, password);
      for (X509Certificate authority : authorities) {
        trusted.setCertificateEntry(ThingRegistry.certificateId(authority), authority);
      }
      store(trusted, trustStore, password);
    } catch (GeneralSecurityException e) {
      throw new IllegalStateException("the JDK makes no JKS stores", e);
    }
  }

  private static void store(KeyStore store, Path file, char[] password)
      throws IOException, GeneralSecurityException {
    createForOwner(file);
    try (OutputStream out = Files.newOutputStream(file)) {
      store.store(out, password);
    }
  }

  private static KeyPair newKeys(SecureRandom random) {
    try {
      KeyPairGenerator generator = KeyPairGenerator.getInstance("EC");
      generator.initialize(new ECGenParameterSpec("secp256r1"), random);
      return generator.generateKeyPair();
    } catch (GeneralSecurityException e) {
      throw new IllegalStateException("the JDK makes no keys on P-256", e);
    }
  }

  private static X509Certificate sign(
      Profile profile, PublicKey of, X500Name issuer, PrivateKey key, SecureRandom random) {
    var builder =
        new JcaX509v3CertificateBuilder(
            issuer,
            new BigInteger(SERIAL_BITS, random).add(BigInteger.ONE),
            Date.from(profile.validFrom),
            Date.from(profile.validUntil),
            profile.subject,
            of);
    try {
      builder.addExtension(
          Extension.basicConstraints, true, new BasicConstraints(profile.authority));
      builder.addExtension(
          Extension.keyUsage,
          true,
          new KeyUsage(profile.authority ? KeyUsage.keyCertSign : KeyUsage.digitalSignature));
      if (profile.purpose != null) {
        builder.addExtension(
            Extension.extendedKeyUsage, false, new ExtendedKeyUsage(profile.purpose));
      }
      if (profile.names != null) {
        builder.addExtension(Extension.subjectAlternativeName, false, profile.names);
      }
      return new JcaX509CertificateConverter()
          .getCertificate(builder.build(new JcaContentSignerBuilder("SHA256withECDSA").build(key)));
    } catch (CertIOException | OperatorCreationException | GeneralSecurityException e) {
      throw new IllegalStateException("the JDK does not sign with ECDSA", e);
    }
  }

  private static byte[] encoded(X509Certificate certificate) {
    try {
      return certificate.getEncoded();
    } catch (CertificateEncodingException e) {
      throw new IllegalStateException("a certificate made here has no encoding", e);
    }
  }

  private Path writePem(String fileName, String kind, byte[] content) throws IOException {
    Path file = folder.resolve(fileName);
    createForOwner(file);
    return Files.writeString(file, pem(kind, content), StandardCharsets.US_ASCII);
  }

  private static String pem(String kind, byte[] content) {
    String lines = Base64.getMimeEncoder(64, new byte[] {'\n'}).encodeToString(content);
    return "-----BEGIN " + kind + "-----\n" + lines + "\n-----END " + kind + "-----\n";
  }

  private static void createForOwner(Path file) throws IOException {
    Files.deleteIfExists(file);
    if (file.getFileSystem().supportedFileAttributeViews().contains("posix")) {
      Files.createFile(file, PosixFilePermissions.asFileAttribute(OWNER_ONLY));
    }
  }
}
