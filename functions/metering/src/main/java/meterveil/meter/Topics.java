package meterveil.meter;

import meterveil.cohort.CohortId;
import meterveil.tenant.TenantId;

/// The topics of version 1 of the device contract. The rules, the IoT policy and the functions'
/// permissions are written against the same ones.
public final class Topics {

  private static final String COLLECT = "$aws/rules/collect_readings/";
  private static final String STATUS = "$aws/rules/collect_status/";

  private Topics() {}

  /// Where a meter publishes its readings.
  public static String readings(TenantId tenant, CohortId cohort, ThingName thing) {
    return COLLECT + "mv/1/" + tenant + "/" + cohort + "/" + thing + "/readings";
  }

  /// Where a meter publishes its status, and what its last will goes to.
  public static String status(TenantId tenant, ThingName thing) {
    return STATUS + "mv/1/" + tenant + "/" + thing + "/status";
  }

  /// Where a meter finds its settings, retained.
  public static String settings(TenantId tenant, ThingName thing) {
    return "mv/1/" + tenant + "/" + thing + "/settings";
  }

  /// Where a meter is asked to send blocks again.
  public static String resend(TenantId tenant, ThingName thing) {
    return "mv/1/" + tenant + "/" + thing + "/resend";
  }

  /// Where every meter of a cohort is asked to send a block again.
  public static String resend(TenantId tenant, CohortId cohort) {
    return "mv/1/" + tenant + "/cohort/" + cohort + "/resend";
  }
}
