package meterveil.simulator;

import java.io.IOException;
import java.io.OutputStream;
import java.io.UncheckedIOException;
import java.math.BigInteger;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.GeneralSecurityException;
import java.security.KeyPair;
import java.security.KeyPairGenerator;
import java.security.KeyStore;
import java.security.PrivateKey;
import java.security.PublicKey;
import java.security.cert.X509Certificate;
import java.security.spec.ECGenParameterSpec;
import java.time.Instant;
import java.util.Base64;
import java.util.Date;
import java.util.concurrent.atomic.AtomicLong;
import javax.security.auth.x500.X500Principal;
import meterveil.meter.ThingName;
import org.bouncycastle.asn1.x509.BasicConstraints;
import org.bouncycastle.asn1.x509.Extension;
import org.bouncycastle.asn1.x509.GeneralName;
import org.bouncycastle.asn1.x509.GeneralNames;
import org.bouncycastle.cert.jcajce.JcaX509CertificateConverter;
import org.bouncycastle.cert.jcajce.JcaX509v3CertificateBuilder;
import org.bouncycastle.operator.OperatorCreationException;
import org.bouncycastle.operator.jcajce.JcaContentSignerBuilder;
import org.bouncycastle.operator.jcajce.JcaContentVerifierProviderBuilder;
import org.bouncycastle.pkcs.PKCSException;
import org.bouncycastle.pkcs.jcajce.JcaPKCS10CertificationRequest;
import org.jspecify.annotations.Nullable;

/// A certificate authority for one test, in files of a folder.
final class Certificates {

  static final String PASSWORD = "for one test";

  private static final Instant FROM = Instant.parse("2000-01-01T00:00:00Z");
  private static final Instant UNTIL = Instant.parse("2099-12-31T00:00:00Z");
  private static final X500Principal NAME = new X500Principal("CN=Test authority");

  private final Path folder;
  private final AtomicLong serial = new AtomicLong();
  private final KeyPair authorityKey = keyPair();
  private final X509Certificate authority;

  Certificates(Path folder) throws IOException {
    this.folder = Files.createDirectories(folder);
    this.authority = certificate(NAME, authorityKey, true);
    pem(authority(), "CERTIFICATE", encoded(authority));
  }

  /// Its own certificate.
  Path authority() {
    return folder.resolve("ca.pem");
  }

  /// The files of a meter as the simulator's command line expects them.
  MeterCertificate meter(ThingName thing) {
    Path certificate = folder.resolve(thing + ".cert.pem");
    Path privateKey = folder.resolve(thing + ".key.pem");
    KeyPair pair = keyPair();
    pem(
        certificate,
        "CERTIFICATE",
        encoded(certificate(new X500Principal("CN=" + thing), pair, false)));
    pem(privateKey, "PRIVATE KEY", pair.getPrivate().getEncoded());
    return new MeterCertificate(certificate, privateKey);
  }

  /// Signs what a device asks for.
  ///
  /// @throws IllegalArgumentException if it is not a request (PEM), or not signed with its own key
  String sign(String requestPem, Instant until) {
    try {
      var request =
          new JcaPKCS10CertificationRequest(
              Base64.getMimeDecoder().decode(requestPem.replaceAll("-----[A-Z ]+-----", "")));
      if (!request.isSignatureValid(
          new JcaContentVerifierProviderBuilder().build(request.getPublicKey()))) {
        throw new IllegalArgumentException("not signed with its own key");
      }
      var subject = new X500Principal(request.getSubject().getEncoded());
      return CertificateFolder.pem(
          "CERTIFICATE", encoded(certificate(subject, request.getPublicKey(), until, false)));
    } catch (IOException | GeneralSecurityException | OperatorCreationException | PKCSException e) {
      throw new IllegalArgumentException(e);
    }
  }

  /// A key store with a certificate for `localhost`, and one that trusts this authority alone.
  void stores(Path keyStore, Path trustStore) throws IOException {
    KeyPair pair = keyPair();
    var server = certificate(new X500Principal("CN=localhost"), pair, false);
    store(keyStore, pair.getPrivate(), server, authority);
    store(trustStore, null, authority);
  }

  private static void store(Path file, @Nullable PrivateKey key, X509Certificate... chain)
      throws IOException {
    try (OutputStream out = Files.newOutputStream(file)) {
      var store = KeyStore.getInstance("JKS");
      store.load(null, null);
      if (key == null) {
        store.setCertificateEntry("authority", chain[0]);
      } else {
        store.setKeyEntry("broker", key, PASSWORD.toCharArray(), chain);
      }
      store.store(out, PASSWORD.toCharArray());
    } catch (GeneralSecurityException e) {
      throw new IllegalStateException(e);
    }
  }

  private X509Certificate certificate(X500Principal subject, KeyPair pair, boolean isAuthority) {
    return certificate(subject, pair.getPublic(), UNTIL, isAuthority);
  }

  private X509Certificate certificate(
      X500Principal subject, PublicKey key, Instant until, boolean isAuthority) {
    var builder =
        new JcaX509v3CertificateBuilder(
            NAME,
            BigInteger.valueOf(serial.incrementAndGet()),
            Date.from(FROM),
            Date.from(until),
            subject,
            key);
    try {
      builder.addExtension(Extension.basicConstraints, true, new BasicConstraints(isAuthority));
      builder.addExtension(
          Extension.subjectAlternativeName,
          false,
          new GeneralNames(
              new GeneralName[] {
                new GeneralName(GeneralName.dNSName, "localhost"),
                new GeneralName(GeneralName.iPAddress, "127.0.0.1")
              }));
      return new JcaX509CertificateConverter()
          .getCertificate(
              builder.build(
                  new JcaContentSignerBuilder("SHA256withECDSA").build(authorityKey.getPrivate())));
    } catch (IOException | GeneralSecurityException | OperatorCreationException e) {
      throw new IllegalStateException(e);
    }
  }

  private static byte[] encoded(X509Certificate certificate) {
    try {
      return certificate.getEncoded();
    } catch (GeneralSecurityException e) {
      throw new IllegalStateException(e);
    }
  }

  private static KeyPair keyPair() {
    try {
      var generator = KeyPairGenerator.getInstance("EC");
      generator.initialize(new ECGenParameterSpec("secp256r1"));
      return generator.generateKeyPair();
    } catch (GeneralSecurityException e) {
      throw new IllegalStateException(e);
    }
  }

  private static void pem(Path file, String type, byte[] der) {
    try {
      Files.writeString(
          file,
          "-----BEGIN %s-----\n%s\n-----END %s-----\n"
              .formatted(
                  type, Base64.getMimeEncoder(64, new byte[] {'\n'}).encodeToString(der), type));
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }
}
