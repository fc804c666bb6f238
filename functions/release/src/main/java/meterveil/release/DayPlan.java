package meterveil.release;

import java.time.LocalDate;
import java.time.ZoneOffset;
import java.util.List;
import java.util.stream.Stream;
import meterveil.block.Block;
import meterveil.block.BlockLength;
import meterveil.block.Times;
import meterveil.cohort.Cohort;
import meterveil.cohort.CohortId;
import meterveil.tenant.Tenant;

/// A tenant's day: its cohorts and the blocks it falls into.
///
/// @param tenant whose day
/// @param day a UTC day
/// @param cohorts every cohort of the epoch, in the order of their names; at least one
record DayPlan(Tenant tenant, LocalDate day, List<Cohort> cohorts) {

  /// @throws IllegalStateException if there is no cohort, or they differ in their blocks' length
  DayPlan {
    cohorts = List.copyOf(cohorts);
    if (cohorts.stream().map(Cohort::blockLength).distinct().count() != 1) {
      throw new IllegalStateException(
          "the cohorts of %s on %s have not one length of block".formatted(tenant.id(), day));
    }
  }

  BlockLength blockLength() {
    return cohorts.getFirst().blockLength();
  }

  List<CohortId> cohortIds() {
    return cohorts.stream().map(Cohort::id).toList();
  }

  /// The blocks of the day, in order.
  List<Block> blocks() {
    var first = new Block(day.atStartOfDay(ZoneOffset.UTC).toInstant(), blockLength());
    return Stream.iterate(first, block -> block.start().isBefore(Times.end(day)), Block::next)
        .toList();
  }
}
