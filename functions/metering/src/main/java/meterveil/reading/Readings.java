package meterveil.reading;

import java.time.Instant;
import java.util.Arrays;
import java.util.List;
import java.util.stream.IntStream;
import meterveil.block.Block;
import meterveil.block.BlockLength;
import meterveil.block.Times;
import meterveil.cohort.Cohort;

/// One message of a meter, well-formed but not yet held against its cohort and the clock.
public final class Readings {

  private final Instant start;
  private final int[] energyWh;
  private final int unknownMembers;

  Readings(Instant start, int[] energyWh, int unknownMembers) {
    this.start = start;
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

  /// The starts of its blocks, if its length can be that of blocks of `length`, else nothing. Used
  /// to ask for blocks again without looking at what is in them.
  public List<Block> blocks(BlockLength length) {
    int hours = length.hours();
    if (energyWh.length != hours && energyWh.length != 2 * hours) {
      return List.of();
    }
    if (Math.floorMod(start.getEpochSecond(), hours * 3600L) != 0) {
      return List.of();
    }
    var first = new Block(start, length);
    return energyWh.length == hours ? List.of(first) : List.of(first, first.next());
  }

  /// Every start that a block of this message may have: its own start and, where the hours may be
  /// those of two blocks, the middle.
  public List<Instant> starts() {
    int hours = energyWh.length;
    boolean two = hours == 2 || hours == 12 || hours == 48;
    return two ? List.of(start, start.plusSeconds(hours * 1800L)) : List.of(start);
  }

  /// Holds the message against the cohort it was sent to and the clock.
  public Judged judge(Cohort cohort, Instant now) {
    int hours = cohort.blockLength().hours();
    if (energyWh.length != hours && energyWh.length != 2 * hours) {
      return new Judged.Refused(Refusal.WRONG_LENGTH);
    }
    List<Block> blocks = blocks(cohort.blockLength());
    if (blocks.isEmpty()) {
      return new Judged.Refused(Refusal.NOT_ALIGNED);
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
    return new Judged.Right(
        IntStream.range(0, blocks.size())
            .mapToObj(i ->
                new BlockReading(
                    blocks.get(i), Arrays.copyOfRange(energyWh, i * hours, (i + 1) * hours)))
            .toList());
  }
}
