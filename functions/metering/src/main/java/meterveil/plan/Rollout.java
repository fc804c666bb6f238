package meterveil.plan;

import java.util.List;
import java.util.Objects;
import java.util.stream.Stream;
import meterveil.cohort.CohortTable;
import meterveil.meter.Downlink;
import meterveil.meter.ListedMeter;
import meterveil.meter.MeterSettings;

/// Puts plans into force. Doing so again changes nothing.
public final class Rollout {

  private final CohortTable cohorts;
  private final Downlink downlink;

  /// @param cohorts where cohorts are kept
  /// @param downlink how meters are told
  public Rollout(CohortTable cohorts, Downlink downlink) {
    this.cohorts = cohorts;
    this.downlink = downlink;
  }

  /// Keeps every cohort, then publishes every meter's settings, retained.
  ///
  /// @param meters whom to tell
  /// @param plans of epochs in order; a meter that is missing in one is told nothing of that epoch
  /// @throws software.amazon.awssdk.core.exception.SdkException if something did not answer; what
  ///   was done by then stays, and all may be done again
  public void publish(List<ListedMeter> meters, List<Plan> plans) {
    plans.forEach(plan -> plan.cohorts().forEach(cohorts::put));
    for (ListedMeter meter : meters) {
      var memberships =
          plans.stream()
              .flatMap(plan -> Stream.ofNullable(plan.memberships().get(meter.thing())))
              .map(Objects::requireNonNull)
              .toList();
      downlink.settings(meter.tenant(), meter.thing(), new MeterSettings(memberships));
    }
  }
}
