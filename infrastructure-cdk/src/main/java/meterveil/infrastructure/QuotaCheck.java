package meterveil.infrastructure;

import java.io.IOException;
import java.io.PrintStream;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import meterveil.infrastructure.ServiceQuotas.Given;
import software.amazon.awssdk.auth.credentials.DefaultCredentialsProvider;
import software.amazon.awssdk.core.exception.SdkException;
import software.amazon.awssdk.http.urlconnection.UrlConnectionHttpClient;

/// Compares what an account is given with what the stage's number of meters needs.
///
/// `prod` is refused below it. In other stages it is said and left at that: they are for trying,
/// and their tables say the same in their own way when they are full.
public final class QuotaCheck {

  private static final int REFUSED = 1;

  private QuotaCheck() {}

  /// Ends the process with 1 if `prod` has too little, or with a word on what kept it from looking.
  ///
  /// @param arguments the folder of this module, and the name of the stage
  public static void main(String[] arguments) {
    try {
      check(arguments);
    } catch (IllegalArgumentException | IOException | SdkException e) {
      System.err.println(e.getMessage());
      System.exit(REFUSED);
    }
  }

  /// @throws IllegalArgumentException naming a setting that is wrong or missing
  /// @throws IOException if AWS does not answer, or refuses
  private static void check(String[] arguments) throws IOException {
    if (arguments.length != 2) {
      throw new IllegalArgumentException("usage: QuotaCheck MODULE_FOLDER STAGE");
    }
    var stage = CdkJson.stage(Path.of(arguments[0], "cdk.json"), arguments[1]);
    var given = new TreeMap<String, Given>();
    try (var http = UrlConnectionHttpClient.create();
        var credentials = DefaultCredentialsProvider.builder().build()) {
      var endpoint = ServiceQuotas.endpoint(stage.region(), System.getenv());
      var quotas = new ServiceQuotas(endpoint, stage.region(), credentials, http);
      for (var quota : Quota.neededBy(stage.load())) {
        if (!given.containsKey(quota.service())) {
          given.put(quota.service(), quotas.of(quota.service()));
        }
      }
    }
    var tooLittle = report(stage, given, System.out);
    if (!tooLittle.isEmpty() && stage.name().equals(StageSettings.PROD)) {
      System.exit(REFUSED);
    }
  }

  /// Prints a line for each quota.
  ///
  /// @param given by service
  /// @return what is too little, or is not known to AWS under this name
  /// @throws IllegalArgumentException if the quotas are another account's
  static List<Quota> report(StageSettings stage, Map<String, Given> given, PrintStream out) {
    var accounts = new TreeMap<String, String>();
    given.values().forEach(of -> of.accounts().forEach(account -> accounts.put(account, account)));
    if (stage.account().isPresent() && !accounts.isEmpty()) {
      accounts.remove(stage.account().get());
      if (!accounts.isEmpty()) {
        throw new IllegalArgumentException(
            "these credentials are of account %s, not of stages.%s.account"
                .formatted(accounts.firstKey(), stage.name()));
      }
    }
    out.printf("What %,d meters need in %s:%n%n", stage.metersMax(), stage.region());
    var tooLittle = new ArrayList<Quota>();
    for (var quota : Quota.neededBy(stage.load())) {
      var has = given.get(quota.service());
      var value = has == null ? null : has.of(quota.name()).orElse(null);
      var enough = value != null && value >= quota.needed();
      if (!enough) {
        tooLittle.add(quota);
      }
      out.printf(
          "  %-9s %-10s %-66s needs %,9d  has %s%n",
          enough ? "enough" : value == null ? "NOT KNOWN" : "RAISE",
          quota.service(),
          quota.name(),
          quota.needed(),
          value == null ? "no quota of this name" : "%,9.0f".formatted(value));
    }
    out.println();
    out.println(
        tooLittle.isEmpty()
            ? "Enough of everything."
            : "Too little of %d. Quotas are raised in AWS's console under Service Quotas."
                .formatted(tooLittle.size()));
    return tooLittle;
  }
}
