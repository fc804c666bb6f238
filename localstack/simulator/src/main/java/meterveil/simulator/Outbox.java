package meterveil.simulator;

import java.time.Duration;
import java.time.Instant;
import java.time.LocalDate;
import java.time.ZoneOffset;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.HashSet;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.NavigableMap;
import java.util.Optional;
import java.util.PriorityQueue;
import java.util.Set;
import java.util.TreeMap;
import java.util.random.RandomGenerator;
import java.util.stream.IntStream;
import meterveil.block.Block;
import meterveil.block.BlockLength;
import meterveil.block.Epoch;
import meterveil.block.Times;
import meterveil.cohort.CohortId;
import meterveil.energy.Commodity;
import meterveil.energy.WattHours;
import meterveil.meter.MeterSettings;
import meterveil.meter.MeterSettings.Membership;

/// The blocks of one meter, from the moment they are over: what is to be sent, what was sent, what
/// is asked for again. Speaks with nobody; one thread at a time.
///
/// A block's values are those of the load profile, which never changes, so that a block is final
/// when it is first sent and the same bytes go out each time. Its cohort and length are those of
/// the epoch it lies in, remembered from the settings for as long as such a block can be asked for.
final class Outbox {

  /// What has become of a block that is over.
  private enum State {
    /// To be sent.
    WAITING,
    /// To be sent when told to.
    HELD,
    /// Not to be sent.
    DROPPED,
    /// On its way, not acknowledged.
    SENT,
    /// Acknowledged by the broker.
    DELIVERED,
    /// Asked for once too often; not sent again.
    GIVEN_UP,
    /// Something the platform has to refuse went out in its place.
    REFUSED
  }

  /// What goes over the wire at once.
  ///
  /// @param cohort to whose topic
  /// @param blocks one, or two that follow each other
  record Message(CohortId cohort, List<Block> blocks) {
    Message {
      blocks = List.copyOf(blocks);
    }
  }

  private record Answer(Instant due, Block block) {}

  private static final class Entry {
    private final Block block;
    private State state;
    private boolean sentBefore;
    private int answers;

    Entry(Block block, State state) {
      this.block = block;
      this.state = state;
    }
  }

  /// The most the platform believes of an hour: these meters measure electricity.
  private static final long CAP_WH = Commodity.ELECTRICITY.cap().value();

  private final LoadProfile profile;
  private final Pauses pauses;
  private final RandomGenerator random;
  private final boolean twoBlocks;

  private final NavigableMap<Integer, Membership> memberships = new TreeMap<>();
  private final Map<Instant, Entry> entries = new TreeMap<>();
  private final PriorityQueue<Answer> answers =
      new PriorityQueue<>(Comparator.comparing(Answer::due));
  private final Set<Instant> held = new HashSet<>();
  private final Set<Instant> dropped = new HashSet<>();
  private Instant next;

  private long messages;
  private long repeats;
  private long blocks;
  private long meterHours;
  private int blocksGivenUp;
  private WattHours over = WattHours.ZERO;
  private long deliveredWh;
  private long refusedWh;

  /// @param twoBlocks whether blocks that follow each other share messages, when several wait
  Outbox(LoadProfile profile, Pauses pauses, RandomGenerator random, boolean twoBlocks) {
    this.profile = profile;
    this.pauses = pauses;
    this.random = random;
    this.twoBlocks = twoBlocks;
    this.next = profile.start();
  }

  /// Takes over cohorts and block lengths.
  void learn(MeterSettings settings) {
    settings.memberships().forEach(m -> memberships.put(m.epoch().number(), m));
    skip();
  }

  /// A meter that comes in during an epoch is in no cohort before the next. What it measured until
  /// then cannot be sent, now or later, and is in no book.
  private void skip() {
    Integer epoch = memberships.ceilingKey(Epoch.containing(next).number());
    if (epoch != null) {
      Instant begin = new Epoch(epoch).start();
      next = next.isBefore(begin) ? begin : next;
    }
  }

  /// Whether the cohort of an epoch is known.
  boolean knows(Epoch epoch) {
    return memberships.containsKey(epoch.number());
  }

  /// The cohorts in which a block can still be asked for.
  Set<CohortId> cohorts(Instant now) {
    var cohorts = new LinkedHashSet<CohortId>();
    for (Membership membership : memberships.values()) {
      if (now.isBefore(membership.epoch().end().plus(Times.ACCEPTED_FOR))) {
        cohorts.add(membership.cohort());
      }
    }
    return cohorts;
  }

  /// Whether there is nothing more to send: every block of the profile is over and was taken by the
  /// broker, or turned away, or is too old.
  boolean isDone(Instant now) {
    advance(now);
    return !next.isBefore(profile.end())
        && entries.values().stream()
            .noneMatch(e ->
                (e.state == State.WAITING || e.state == State.SENT) && Times.accepts(e.block, now));
  }

  /// What waits to be sent, in order. Blocks that the platform would refuse by now stay behind.
  List<Message> due(Instant now) {
    advance(now);
    var due = new ArrayList<Message>();
    for (Entry entry : entries.values()) {
      if (entry.state != State.WAITING || !Times.accepts(entry.block, now)) {
        continue;
      }
      CohortId cohort = cohort(entry.block);
      Message last = due.isEmpty() ? null : due.getLast();
      if (twoBlocks
          && last != null
          && last.cohort().equals(cohort)
          && last.blocks().size() == 1
          && last.blocks().getFirst().next().equals(entry.block)) {
        due.set(
            due.size() - 1, new Message(cohort, List.of(last.blocks().getFirst(), entry.block)));
      } else {
        due.add(new Message(cohort, List.of(entry.block)));
      }
    }
    return due;
  }

  /// The blocks that start at these instants as one message, whatever has become of them.
  ///
  /// @throws IllegalStateException if the cohort of the first is not known
  Message message(List<Instant> starts, Instant now) {
    advance(now);
    List<Block> named = starts.stream().map(this::block).toList();
    return new Message(cohort(named.getFirst()), named);
  }

  /// The hours of a message, as they are sent.
  byte[] payload(Message message) {
    return UplinkJson.readings(
        message.blocks().getFirst().start(),
        message.blocks().stream()
            .flatMapToInt(block -> IntStream.of(profile.energyWh(block)))
            .toArray());
  }

  /// Keeps a block back, from before it is over or later, until it is sent by name.
  void hold(Instant start) {
    held.add(start);
    move(start, State.WAITING, State.HELD);
  }

  /// Loses a block, from before it is over or later, unless it is sent by name.
  void drop(Instant start) {
    dropped.add(start);
    move(start, State.WAITING, State.DROPPED);
    move(start, State.HELD, State.DROPPED);
  }

  /// Notes that a message goes out.
  void sent(Message message) {
    boolean again = true;
    for (Block block : message.blocks()) {
      Entry entry = entries.get(block.start());
      if (entry != null) {
        again &= entry.sentBefore;
        entry.sentBefore = true;
        switch (entry.state) {
          case WAITING, HELD, DROPPED -> become(entry, State.SENT);
          case SENT, DELIVERED, GIVEN_UP, REFUSED -> {}
        }
      }
    }
    if (again) {
      repeats++;
    } else {
      messages++;
    }
  }

  /// Notes that the broker has taken a message that went out at an instant. Of a message in which
  /// one block has to be refused, all are.
  void acknowledged(Message message, Instant sentAt) {
    boolean acceptable =
        message.blocks().stream()
            .allMatch(b ->
                Times.accepts(b, sentAt)
                    && b.epoch().equals(message.cohort().epoch())
                    && Arrays.stream(profile.energyWh(b)).allMatch(wh -> wh <= CAP_WH));
    for (Block block : message.blocks()) {
      move(block.start(), State.SENT, acceptable ? State.DELIVERED : State.REFUSED);
    }
  }

  /// Notes that the broker has turned a message away.
  void turnedAway(Message message) {
    message.blocks().forEach(block -> move(block.start(), State.SENT, State.REFUSED));
  }

  /// Notes that nobody knows what became of a message: it goes out again, be it sent for the first
  /// time or in answer to a request.
  void unanswered(Message message, Instant now) {
    for (Block block : message.blocks()) {
      Entry entry = entries.get(block.start());
      if (entry != null && entry.state == State.SENT) {
        become(entry, State.WAITING);
      } else if (entry != null && entry.state == State.DELIVERED) {
        answers.add(new Answer(now, block));
      }
    }
  }

  /// Notes that something the platform has to refuse goes out in a block's place.
  void spoiled(Instant start, Instant now) {
    advance(now);
    Entry entry = entries.get(start);
    if (entry != null && entry.state != State.DELIVERED) {
      become(entry, State.REFUSED);
    }
  }

  /// Notes that a block is asked for. It is answered after a pause, unless the meter does not have
  /// it, will send it anyway, is about to answer already, or has answered too often.
  void asked(Instant start, Instant now) {
    Entry entry = entries.get(start);
    if (entry == null
        || (entry.state != State.SENT && entry.state != State.DELIVERED)
        || !Times.accepts(entry.block, now)
        || answers.stream().anyMatch(answer -> answer.block().equals(entry.block))) {
      return;
    }
    if (entry.answers == pauses.answersMax()) {
      become(entry, State.GIVEN_UP);
      blocksGivenUp++;
      return;
    }
    Duration pause = pauses.before(entry.answers, random);
    entry.answers++;
    answers.add(new Answer(now.plus(pause), entry.block));
  }

  /// When the next answer is due, if there is one.
  Optional<Instant> nextAnswer() {
    return Optional.ofNullable(answers.peek()).map(Answer::due);
  }

  /// The answers whose pauses are over. They are no longer due after that.
  List<Message> answersDue(Instant now) {
    var due = new ArrayList<Message>();
    for (Answer first = answers.peek();
        first != null && !first.due().isAfter(now);
        first = answers.peek()) {
      answers.remove();
      if (Times.accepts(first.block(), now)) {
        due.add(new Message(cohort(first.block()), List.of(first.block())));
      }
    }
    return due;
  }

  /// How many blocks were given up.
  int blocksGivenUp() {
    return blocksGivenUp;
  }

  /// What was sent so far, with every block that is over now.
  Books books(Instant now) {
    advance(now);
    return new Books(
        messages,
        repeats,
        blocks,
        meterHours,
        over,
        new WattHours(refusedWh),
        new WattHours(over.value() - deliveredWh - refusedWh));
  }

  /// The energy of a UTC day that the platform must account for: of the books' sent − refused −
  /// undelivered, what lies in that day.
  WattHours delivered(LocalDate day, Instant now) {
    advance(now);
    var whole = new Block(day.atStartOfDay(ZoneOffset.UTC).toInstant(), BlockLength.DAY);
    int[] energyWh =
        whole.hours().stream()
            .filter(hour -> next.isAfter(hour) && knows(Epoch.containing(hour)))
            .mapToInt(profile::energyWh)
            .toArray();
    // Only what was delivered is forgotten.
    long otherwiseWh =
        entries.values().stream()
            .filter(e -> e.state != State.DELIVERED && e.block.day().equals(day))
            .mapToLong(e -> LoadProfile.total(profile.energyWh(e.block)).value())
            .sum();
    return new WattHours(LoadProfile.total(energyWh).value() - otherwiseWh);
  }

  /// Takes up the blocks that are over by now, and forgets those that can no longer be asked for.
  private void advance(Instant now) {
    for (Optional<Block> block = following();
        block.isPresent() && !now.isBefore(block.get().end());
        block = following()) {
      next = block.get().end();
      skip();
      int[] energyWh = profile.energyWh(block.get());
      blocks++;
      meterHours += LoadProfile.measuredHours(energyWh);
      over = over.plus(LoadProfile.total(energyWh));
      Instant start = block.get().start();
      State state =
          dropped.contains(start)
              ? State.DROPPED
              : held.contains(start) ? State.HELD : State.WAITING;
      entries.put(start, new Entry(block.get(), state));
    }
    entries.values().removeIf(e -> e.state == State.DELIVERED && !Times.accepts(e.block, now));
  }

  /// The block after those taken up, if its length is known and the profile reaches into it.
  private Optional<Block> following() {
    return next.isBefore(profile.end())
        ? Optional.ofNullable(memberships.get(Epoch.containing(next).number()))
            .map(membership -> Block.containing(next, membership.blockLength()))
        : Optional.empty();
  }

  private Block block(Instant start) {
    Entry entry = entries.get(start);
    return entry != null
        ? entry.block
        : new Block(start, membership(Epoch.containing(start)).blockLength());
  }

  private CohortId cohort(Block block) {
    return membership(block.epoch()).cohort();
  }

  private Membership membership(Epoch epoch) {
    Membership membership = memberships.get(epoch.number());
    if (membership == null) {
      throw new IllegalStateException("no settings for epoch " + epoch.number());
    }
    return membership;
  }

  private void move(Instant start, State from, State to) {
    Entry entry = entries.get(start);
    if (entry != null && entry.state == from) {
      become(entry, to);
    }
  }

  private void become(Entry entry, State state) {
    long wh = LoadProfile.total(profile.energyWh(entry.block)).value();
    deliveredWh += (state == State.DELIVERED ? wh : 0) - (entry.state == State.DELIVERED ? wh : 0);
    refusedWh += (state == State.REFUSED ? wh : 0) - (entry.state == State.REFUSED ? wh : 0);
    entry.state = state;
  }
}
