package meterveil.simulator;

import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.nio.file.FileSystems;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.attribute.PosixFilePermissions;
import java.security.KeyPair;
import java.security.cert.CertificateException;
import java.security.cert.CertificateFactory;
import java.security.cert.X509Certificate;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Base64;
import java.util.List;
import java.util.Optional;
import java.util.TreeSet;
import meterveil.meter.ThingName;

/// Certificates and keys of meters in files: `THING.cert.pem` and `THING.key.pem`, and beside them
/// `THING.new.cert.pem` and `THING.new.key.pem` until the meter has connected with them.
///
/// Made for power cuts at any moment. A pair is there when its certificate is, as the key is
/// written first. A new pair takes the old one's place key first, so a new certificate without its
/// key is one whose key has gone ahead, and follows it.
public final class CertificateFolder {

  private static final String CERTIFICATE = ".cert.pem";
  private static final String KEY = ".key.pem";
  private static final String NEW = ".new";
  private static final boolean POSIX =
      FileSystems.getDefault().supportedFileAttributeViews().contains("posix");

  private final Path folder;

  /// @param folder is made if it is not there
  /// @throws IOException if it cannot be
  public CertificateFolder(Path folder) throws IOException {
    this.folder = Files.createDirectories(folder);
  }

  /// The meters that have a certificate, be it a new one, by name.
  ///
  /// @throws BadFileException if a file is not named after a meter
  public List<ThingName> things() throws IOException {
    var names = new TreeSet<String>();
    try (var files = Files.newDirectoryStream(folder, "*" + CERTIFICATE)) {
      for (Path file : files) {
        String name = without(file.getFileName().toString(), CERTIFICATE);
        names.add(without(name, NEW));
      }
    }
    var things = new ArrayList<ThingName>();
    for (String name : names) {
      try {
        things.add(new ThingName(name));
      } catch (IllegalArgumentException e) {
        throw new BadFileException(
            file(name, CERTIFICATE), "not named after a meter: " + e.getMessage());
      }
    }
    return things;
  }

  /// The pair with which a meter connects.
  ///
  /// @throws BadFileException if its certificate is there and its key is not
  public Optional<MeterCertificate> current(ThingName thing) throws IOException {
    finishKeeping(thing);
    return pair(thing.value());
  }

  /// The pair with which a meter has still to connect for the first time.
  public Optional<MeterCertificate> renewed(ThingName thing) throws IOException {
    finishKeeping(thing);
    return pair(thing + NEW);
  }

  /// Puts a new pair beside the current one, in place of a new one that is there.
  public MeterCertificate store(ThingName thing, KeyPair keys, String certificatePem)
      throws IOException {
    discard(thing);
    write(file(thing + NEW, KEY), pem("PRIVATE KEY", keys.getPrivate().getEncoded()), true);
    write(file(thing + NEW, CERTIFICATE), certificatePem, false);
    return files(thing + NEW);
  }

  /// The new pair, if there is one, takes the place of the current one.
  ///
  /// @return the current pair now
  public MeterCertificate keep(ThingName thing) throws IOException {
    if (Files.exists(file(thing + NEW, CERTIFICATE))) {
      move(file(thing + NEW, KEY), file(thing.value(), KEY));
      finishKeeping(thing);
    }
    return files(thing.value());
  }

  /// Forgets the new pair.
  public void discard(ThingName thing) throws IOException {
    finishKeeping(thing);
    Files.deleteIfExists(file(thing + NEW, CERTIFICATE));
    Files.deleteIfExists(file(thing + NEW, KEY));
  }

  /// When a certificate is over.
  ///
  /// @throws BadFileException if it is none
  public static Instant expiry(MeterCertificate certificate) throws IOException {
    byte[] pem = Files.readAllBytes(certificate.certificate());
    try {
      X509Certificate read =
          (X509Certificate)
              CertificateFactory.getInstance("X.509")
                  .generateCertificate(new ByteArrayInputStream(pem));
      return read.getNotAfter().toInstant();
    } catch (CertificateException _) {
      throw new BadFileException(certificate.certificate(), "not a certificate (PEM)");
    }
  }

  static String pem(String kind, byte[] content) {
    return "-----BEGIN %1$s-----\n%2$s\n-----END %1$s-----\n"
        .formatted(kind, Base64.getMimeEncoder(64, new byte[] {'\n'}).encodeToString(content));
  }

  private static String without(String name, String ending) {
    return name.endsWith(ending) ? name.substring(0, name.length() - ending.length()) : name;
  }

  private void finishKeeping(ThingName thing) throws IOException {
    if (Files.exists(file(thing + NEW, CERTIFICATE)) && !Files.exists(file(thing + NEW, KEY))) {
      move(file(thing + NEW, CERTIFICATE), file(thing.value(), CERTIFICATE));
    }
  }

  private Optional<MeterCertificate> pair(String name) throws IOException {
    if (!Files.exists(file(name, CERTIFICATE))) {
      return Optional.empty();
    }
    if (!Files.exists(file(name, KEY))) {
      throw new BadFileException(file(name, KEY), "no such file, though its certificate is there");
    }
    return Optional.of(files(name));
  }

  private MeterCertificate files(String name) {
    return new MeterCertificate(file(name, CERTIFICATE), file(name, KEY));
  }

  private Path file(String name, String ending) {
    return folder.resolve(name + ending);
  }

  /// Written beside and moved, so that it is never there in part.
  private void write(Path file, String text, boolean secret) throws IOException {
    Path part =
        POSIX && secret
            ? Files.createTempFile(
                folder,
                ".",
                ".part",
                PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rw-------")))
            : Files.createTempFile(folder, ".", ".part");
    Files.writeString(part, text);
    move(part, file);
  }

  private static void move(Path from, Path to) throws IOException {
    Files.move(from, to, StandardCopyOption.ATOMIC_MOVE, StandardCopyOption.REPLACE_EXISTING);
  }
}
