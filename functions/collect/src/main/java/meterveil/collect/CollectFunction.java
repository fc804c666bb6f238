package meterveil.collect;

import com.amazonaws.services.lambda.runtime.Context;
import com.amazonaws.services.lambda.runtime.RequestHandler;
import java.time.Clock;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import meterveil.cell.Collector;
import meterveil.cell.DayKeyTable;
import meterveil.cell.DayKeys;
import meterveil.cell.OpenBlockTable;
import meterveil.cohort.Cohort;
import meterveil.cohort.CohortTable;
import meterveil.connection.AwsHttp;
import meterveil.reading.BlockReading;
import meterveil.reading.Readings;
import meterveil.reading.ReadingsJson;
import meterveil.reading.Refusal;
import org.crac.Core;
import org.crac.Resource;
import org.jspecify.annotations.Nullable;
import software.amazon.awssdk.services.dynamodb.DynamoDbClient;
import software.amazon.awssdk.services.kms.KmsClient;

/// Message in, cohort's totals changed.
///
/// A refused message is counted by its reason and acknowledged: a second delivery cannot mend it.
/// What is thrown returns the message to Lambda, which delivers it twice more and then hands it to
/// the resend function; what was counted of it by then is not counted again.
public final class CollectFunction
    implements RequestHandler<Map<String, String>, @Nullable Void>, Resource {

  private final CohortTable cohorts;
  private final Collector collector;
  private final CollectMetrics metrics;
  private final Clock clock;

  /// For Lambda, which calls it once per execution environment. Region, credentials and endpoints
  /// come from the SDK's own environment variables, so the same lines serve AWS and any emulator.
  public CollectFunction() {
    this(
        CollectSettings.from(System.getenv()),
        DynamoDbClient.builder().httpClient(AwsHttp.client()).build(),
        KmsClient.builder().httpClient(AwsHttp.client()).build(),
        Clock.systemUTC());
    Core.getGlobalContext().register(this);
  }

  /// For everyone else.
  public CollectFunction(
      CollectSettings settings, DynamoDbClient dynamoDb, KmsClient kms, Clock clock) {
    var keys =
        new DayKeys(
            new DayKeyTable(dynamoDb, settings.dayKeysTable()), kms, settings.dayKeyId(), clock);
    this.cohorts = new CohortTable(dynamoDb, settings.cohortsTable());
    this.collector =
        new Collector(keys, new OpenBlockTable(dynamoDb, settings.openBlocksTable()), clock);
    this.metrics = new CollectMetrics();
    this.clock = clock;
  }

  @Override
  public @Nullable Void handleRequest(Map<String, String> event, Context context) {
    try {
      collect(ReadingsEvent.of(event));
      return null;
    } catch (RuntimeException failure) { // any, as Lambda would log what it quotes
      throw new NotCollectedException(failure);
    } finally {
      metrics.flush();
    }
  }

  @Override
  public void beforeCheckpoint(org.crac.Context<? extends Resource> context) {
    Rehearsal.run(cohorts);
  }

  @Override
  public void afterRestore(org.crac.Context<? extends Resource> context) {
    // Nothing of a rehearsal is left to be undone.
  }

  private void collect(ReadingsEvent event) {
    switch (ReadingsJson.decode(event.bytes())) {
      case ReadingsJson.Decoded.Refused(Refusal why) -> metrics.refused(why);
      case ReadingsJson.Decoded.Accepted(Readings readings) -> {
        Optional<Cohort> cohort = cohorts.find(event.tenant(), event.cohort());
        if (cohort.isEmpty()) {
          metrics.refused(Refusal.UNKNOWN_COHORT);
          return;
        }
        switch (readings.judge(cohort.get(), clock.instant())) {
          case Readings.Judged.Refused(Refusal why) -> metrics.refused(why);
          case Readings.Judged.Right(List<BlockReading> blocks) -> {
            metrics.unknownMembers(readings.unknownMembers());
            count(event, cohort.get(), blocks);
          }
        }
      }
    }
  }

  /// Counts every block before anything is thrown, so that one that fails holds back no other.
  private void count(ReadingsEvent event, Cohort cohort, List<BlockReading> blocks) {
    RuntimeException first = null;
    for (BlockReading block : blocks) {
      try {
        metrics.count(collector.collect(cohort, event.thing(), block), block.measuredHours());
      } catch (RuntimeException failure) { // any, see above
        first = first == null ? failure : first;
      }
    }
    if (first != null) {
      throw first;
    }
  }
}
