package meterveil.meter;

import meterveil.meter.Meter.Certificate;
import meterveil.tenant.TenantId;

/// The one check that admits meters, whichever way they come.
///
/// A meter is admitted if it is on its utility's list, was not revoked, and comes in a way that
/// proves enough:
///
/// - by a *claim*, a certificate that many meters share: only the first time, for whoever holds the
///   claim could say any name. The same certificate may be presented again, as a lost answer is
///   asked for again;
/// - by its *own certificate*, to change it for a newer one: under no name but its own;
/// - by its *utility's authority*, which signed a certificate with its name and its tenant's: as
///   often as the authority signs.
///
/// Admitting writes the certificate down, in one conditional write, so of two who come at once with
/// different certificates one is admitted.
public final class Admission {

  private final MeterTable meters;

  /// @param meters the list
  public Admission(MeterTable meters) {
    this.meters = meters;
  }

  /// What came of it.
  public sealed interface Verdict {

    /// It may come in.
    ///
    /// @param meter as it is listed
    record Admitted(Meter meter) implements Verdict {}

    /// It may not.
    record Refused(Reason why) implements Verdict {}
  }

  /// Why a meter was not admitted. Names a rule, never a meter.
  public enum Reason {
    /// No utility has named it.
    NOT_LISTED,
    /// Its utility is another one than its certificate says.
    OTHER_TENANT,
    /// It was revoked.
    REVOKED,
    /// Somebody came as it before, with another certificate.
    ALREADY_PROVISIONED,
    /// It wants to change a certificate and never had one.
    NOT_PROVISIONED,
    /// It says another name than the one its certificate stands for.
    OTHER_NAME
  }

  /// Admits a meter that came by a claim.
  ///
  /// @param thing who it says it is
  /// @param certificate what it will prove itself by
  public Verdict byClaim(ThingName thing, Certificate certificate) {
    return meters.provision(thing, certificate, MeterTable.Way.FIRST_OR_SAME);
  }

  /// Admits a meter that is in and has a new certificate.
  ///
  /// @param thing who it says it is
  /// @param connectedAs whose connection it says so on, which its present certificate proves
  /// @param certificate what it will prove itself by
  public Verdict byOwnCertificate(ThingName thing, String connectedAs, Certificate certificate) {
    return connectedAs.equals(thing.value())
        ? meters.provision(thing, certificate, MeterTable.Way.IN_PLACE_OF_ANOTHER)
        : new Verdict.Refused(Reason.OTHER_NAME);
  }

  /// Admits a meter whose certificate its utility has signed.
  ///
  /// @param thing whom the certificate names
  /// @param tenant whose the certificate says it is
  /// @param certificate what it proves itself by
  public Verdict byAuthority(ThingName thing, TenantId tenant, Certificate certificate) {
    var listed = meters.find(thing);
    if (listed.isPresent() && !listed.get().tenant().equals(tenant)) {
      return new Verdict.Refused(Reason.OTHER_TENANT);
    }
    return meters.provision(thing, certificate, MeterTable.Way.ANY);
  }
}
