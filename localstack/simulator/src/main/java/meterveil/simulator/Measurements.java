package meterveil.simulator;

import java.time.Instant;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import meterveil.block.Block;
import meterveil.block.BlockLength;
import meterveil.energy.WattHours;
import meterveil.meter.ThingName;

/// What a number of meters measure over the same stretch of UTC hours.
///
/// @param profiles each meter's, in the order of their source; at least one, all with the same
///   start and end
public record Measurements(Map<ThingName, LoadProfile> profiles) {

  /// @throws IllegalArgumentException if there is no meter or they differ in start or end
  public Measurements {
    profiles = Collections.unmodifiableMap(new LinkedHashMap<>(profiles));
    if (profiles.isEmpty()) {
      throw new IllegalArgumentException("no meters");
    }
    var ends = profiles.values().stream().map(p -> List.of(p.start(), p.end())).distinct().count();
    if (ends != 1) {
      throw new IllegalArgumentException("the meters do not start and end together");
    }
  }

  /// The meters, in the order of their source.
  public List<ThingName> things() {
    return List.copyOf(profiles.keySet());
  }

  /// The start of the first hour.
  public Instant start() {
    return first().start();
  }

  /// The end of the last hour.
  public Instant end() {
    return first().end();
  }

  /// What one meter measures.
  ///
  /// @throws IllegalArgumentException if it is not among them
  public LoadProfile of(ThingName thing) {
    LoadProfile profile = profiles.get(thing);
    if (profile == null) {
      throw new IllegalArgumentException("nothing was measured by " + thing);
    }
    return profile;
  }

  /// The energy of all hours of all meters.
  public WattHours total() {
    return profiles.values().stream()
        .map(LoadProfile::total)
        .reduce(WattHours.ZERO, WattHours::plus);
  }

  /// How many hours were measured, over all meters.
  public long measuredHours() {
    return profiles.values().stream().mapToLong(LoadProfile::measuredHours).sum();
  }

  /// How many blocks of that length it takes to hold it all; the first and the last may stand out.
  public int blocks(BlockLength length) {
    long seconds = length.hours() * 3600L;
    long from = Block.containing(start(), length).start().getEpochSecond();
    long to = Block.containing(end().minusSeconds(1), length).end().getEpochSecond();
    return Math.toIntExact((to - from) / seconds);
  }

  /// The same measurements, from another instant on.
  public Measurements movedTo(Instant start) {
    var moved = new LinkedHashMap<ThingName, LoadProfile>();
    profiles.forEach((thing, profile) -> moved.put(thing, profile.movedTo(start)));
    return new Measurements(moved);
  }

  private LoadProfile first() {
    return profiles.values().iterator().next();
  }
}
