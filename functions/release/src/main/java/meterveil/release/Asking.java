package meterveil.release;

import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.util.Collection;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Function;
import java.util.stream.Gatherers;
import java.util.stream.Stream;
import meterveil.block.Block;
import meterveil.block.Epoch;
import meterveil.block.Times;
import meterveil.cell.OpenBlock;
import meterveil.cohort.Cohort;
import meterveil.meter.Downlink;
import meterveil.meter.ResendRequest;

/// Finds what was lost without a trace, and whose it is never.
///
/// Six hours after the end of a block, a cohort that has heard of fewer meters than it has, and of
/// fewer than for the block before, is asked as a whole, once. What was counted already is not
/// counted again, and what was lost arrives. A releaser that comes too late for that asks when it
/// freezes the block.
///
/// One object serves one call for one tenant. When a cohort cannot be asked, no other is tried by
/// that call, and what else it has to do goes on: nobody waits for totals because meters cannot be
/// reached.
final class Asking {

  /// How long after the time for it a block is still looked at.
  static final Duration LOOKED_AT_FOR = Duration.ofHours(6);

  private final Stores stores;
  private final Downlink downlink;
  private final Clock clock;
  private final Failures failures;
  private boolean unreachable;

  Asking(Stores stores, Downlink downlink, Clock clock, Failures failures) {
    this.stores = stores;
    this.downlink = downlink;
    this.clock = clock;
    this.failures = failures;
  }

  /// Asks every cohort of a tenant that misses something of a block that ended 6 to 12 hours ago.
  ///
  /// @param cohorts the tenant's cohorts of an epoch
  /// @return how many were asked
  int askDue(Function<Epoch, List<Cohort>> cohorts) {
    Instant until = clock.instant().minus(Times.ASKED_AFTER);
    Instant from = until.minus(LOOKED_AT_FOR);
    int asked = 0;
    for (Epoch epoch : Stream.of(from, until).map(Epoch::containing).distinct().toList()) {
      List<OpenBlock> items =
          cohorts.apply(epoch).stream()
              .flatMap(cohort -> endedBetween(cohort, from, until))
              .gather(Gatherers.mapConcurrent(Stores.REQUESTS_AT_ONCE, this::find))
              .toList();
      asked += ask(items);
    }
    return asked;
  }

  /// A cohort's place in a block.
  private record Place(Cohort cohort, Block block) {}

  private static Stream<Place> endedBetween(Cohort cohort, Instant from, Instant until) {
    var last = Block.containing(until, cohort.blockLength()).previous();
    return Stream.iterate(last, block -> block.end().isAfter(from), Block::previous)
        .filter(block -> block.epoch().equals(cohort.id().epoch()))
        .map(block -> new Place(cohort, block));
  }

  private OpenBlock find(Place place) {
    return stores
        .blocks()
        .find(place.cohort(), place.block())
        .orElseGet(() -> OpenBlock.absent(place.cohort(), place.block()));
  }

  /// Asks the cohorts of those items that miss something and have not been asked.
  ///
  /// @return how many were asked
  int ask(Collection<OpenBlock> items) {
    var known = new HashMap<Place, OpenBlock>();
    items.forEach(item -> known.put(new Place(item.cohort(), item.block()), item));
    List<OpenBlock> missed =
        items.stream()
            .filter(item -> !item.asked() && item.missing() > 0)
            .gather(
                Gatherers.mapConcurrent(
                    Stores.REQUESTS_AT_ONCE, item -> Map.entry(item, missingBefore(item, known))))
            .filter(item -> item.getKey().missing() > item.getValue())
            .map(Map.Entry::getKey)
            .toList();
    int asked = 0;
    for (OpenBlock item : missed) {
      if (!reach(item)) {
        break;
      }
      stores.blocks().markAsked(item, clock.instant());
      asked++;
    }
    return asked;
  }

  private boolean reach(OpenBlock item) {
    unreachable =
        unreachable
            || !failures.attempt(() ->
                downlink.resend(
                    item.cohort().tenant(),
                    item.cohort().id(),
                    new ResendRequest(List.of(item.block().start()))));
    return !unreachable;
  }

  /// How many were missing of the block before; none where the cohort is new.
  private int missingBefore(OpenBlock item, Map<Place, OpenBlock> known) {
    var previous = item.block().previous();
    if (!previous.epoch().equals(item.block().epoch())) {
      return 0;
    }
    var place = new Place(item.cohort(), previous);
    OpenBlock before = known.get(place);
    return (before == null ? find(place) : before).missing();
  }
}
