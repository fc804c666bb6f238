package meterveil.reading;

import java.time.Instant;
import java.util.Arrays;
import java.util.List;
import java.util.stream.IntStream;
import meterveil.block.Block;
import meterveil.block.Times;
import meterveil.cohort.Cohort;

/// One message of a meter, well-formed but not yet held against its cohort and the clock.
public final class Readings {

  private final List<Block> blocks;
  private final int[] energyWh;
  private final int unknownMembers;

  /// @param blocks one or two, following each other
  /// @param energyWh all their hours; below zero where it was not measured
  Readings(List<Block> blocks, int[] energyWh, int unknownMembers) {
    this.blocks = List.copyOf(blocks);
    this.energyWh = energyWh;
    this.unknownMembers = unknownMembers;
  }

  /// What came of holding a message against its cohort and the clock.
  public sealed interface Judged {

    /// One or two blocks to be counted, in order.
    record Right(List<BlockReading> blocks) implements Judged {
      public Right {
        blocks = List.copyOf(blocks);
      }
    }

    /// Nothing of the message may be counted.
    record Refused(Refusal why) implements Judged {}
  }

  /// How many members were in the message that mean nothing here. They were dropped.
  public int unknownMembers() {
    return unknownMembers;
  }

  /// Its one or two blocks, in order. Used to ask for them again without looking at what is in
  /// them.
  public List<Block> blocks() {
    return blocks;
  }

  /// Holds the message against the cohort it was sent to and the clock.
  public Judged judge(Cohort cohort, Instant now) {
    if (blocks.getFirst().length() != cohort.blockLength()) {
      return new Judged.Refused(Refusal.WRONG_LENGTH);
    }
    for (Block block : blocks) {
      if (!block.epoch().equals(cohort.id().epoch())) {
        return new Judged.Refused(Refusal.WRONG_EPOCH);
      }
      if (now.isBefore(block.end())) {
        return new Judged.Refused(Refusal.NOT_OVER);
      }
      if (!Times.accepts(block, now)) {
        return new Judged.Refused(Refusal.TOO_LATE);
      }
    }
    long capWh = cohort.commodity().cap().value();
    if (Arrays.stream(energyWh).anyMatch(wh -> wh > capWh)) {
      return new Judged.Refused(Refusal.ABOVE_CAP);
    }
    int hours = cohort.blockLength().hours();
    return new Judged.Right(
        IntStream.range(0, blocks.size())
            .mapToObj(i ->
                new BlockReading(
                    blocks.get(i), Arrays.copyOfRange(energyWh, i * hours, (i + 1) * hours)))
            .toList());
  }
}
