package meterveil.infrastructure;

import java.util.Optional;
import java.util.regex.Pattern;

/// One environment, as `stages` in `cdk.json` describes it.
///
/// @param name the stage's name, the first part of its stacks' names
/// @param account the twelve digits of the account it is deployed to; only `dev` can do without
/// @param region the AWS region of everything in it
/// @param otherRegionAllowed whether it may lie outside [#HOME_REGION], which the privacy promise
///   names (T26)
/// @param metersMax the number of meters it is made ready for
/// @param recoveryDays how many days back a table can be restored, and so how much longer what has
///   expired lives on
/// @param alarmAddress the e-mail address that alarms go to; only `dev` can do without
/// @param budgetUsdPerMonth what the account may cost before somebody is told
/// @param removal what becomes of tables and keys when their stack is deleted
/// @param deletionProtection whether DynamoDB refuses to delete a table, whoever asks
/// @param authorityPem the certificate of an authority of the utility's own that signs meters'
///   certificates; most do without
record StageSettings(
    String name,
    Optional<String> account,
    String region,
    boolean otherRegionAllowed,
    int metersMax,
    int recoveryDays,
    Optional<String> alarmAddress,
    int budgetUsdPerMonth,
    Removal removal,
    boolean deletionProtection,
    Optional<String> authorityPem) {

  /// What becomes of what is kept when nobody describes it any more.
  enum Removal {
    RETAIN,
    DESTROY
  }

  /// Where data stays unless a stage says otherwise (T26).
  static final String HOME_REGION = "us-west-2";

  /// As many as the design's arithmetic goes.
  static final int METERS_MAX = 1_000_000;

  /// The stage that runs on a laptop too, and so belongs to no account.
  static final String DEV = "dev";

  /// The stage whose data nobody may lose by a setting.
  static final String PROD = "prod";

  /// As far back as DynamoDB goes.
  private static final int RECOVERY_DAYS_MAX = 35;

  private static final int BUDGET_USD_MAX = 1_000_000;

  private static final Pattern NAME = Pattern.compile("[a-z][a-z0-9]{0,15}");
  private static final Pattern ACCOUNT = Pattern.compile("[0-9]{12}");
  private static final Pattern REGION = Pattern.compile("[a-z]{2}(-[a-z]+)+-[0-9]");
  private static final Pattern PEM =
      Pattern.compile(
          "-----BEGIN CERTIFICATE-----\\n[A-Za-z0-9+/=\\n]+\\n-----END CERTIFICATE-----\\n?");
  private static final Pattern ADDRESS = Pattern.compile("[^@\\s]+@[^@\\s]+[.][^@\\s]+");

  /// @throws IllegalArgumentException naming the setting that is wrong or missing
  StageSettings {
    require(NAME.matcher(name).matches(), name, "", "a name of up to 16 small letters and digits");
    require(
        account.map(ACCOUNT.asMatchPredicate()::test).orElse(name.equals(DEV)),
        name,
        ".account",
        "twelve digits");
    require(REGION.matcher(region).matches(), name, ".region", "an AWS region");
    require(
        otherRegionAllowed || region.equals(HOME_REGION),
        name,
        ".region",
        HOME_REGION + ", where the data is promised to stay, unless otherRegionAllowed is true");
    require(
        metersMax >= 1 && metersMax <= METERS_MAX, name, ".metersMax", "from 1 to " + METERS_MAX);
    require(
        recoveryDays >= 1 && recoveryDays <= RECOVERY_DAYS_MAX,
        name,
        ".recoveryDays",
        "from 1 to " + RECOVERY_DAYS_MAX);
    require(
        alarmAddress.map(ADDRESS.asMatchPredicate()::test).orElse(name.equals(DEV)),
        name,
        ".alarmAddress",
        "an e-mail address");
    require(
        budgetUsdPerMonth >= 1 && budgetUsdPerMonth <= BUDGET_USD_MAX,
        name,
        ".budgetUsdPerMonth",
        "from 1 to " + BUDGET_USD_MAX);
    require(
        removal == Removal.RETAIN || !name.equals(PROD), name, ".removal", "retain in this stage");
    require(
        deletionProtection || !name.equals(PROD),
        name,
        ".deletionProtection",
        "true in this stage");
    require(
        authorityPem.map(PEM.asMatchPredicate()::test).orElse(true),
        name,
        ".authorityPem",
        "one certificate in PEM form");
    require(
        removal == Removal.RETAIN || !deletionProtection,
        name,
        ".removal",
        "retain as long as deletionProtection is true: a protected table cannot be destroyed");
  }

  /// What its meters ask of AWS.
  Load load() {
    return new Load(metersMax);
  }

  private static void require(boolean right, String name, String setting, String expected) {
    if (!right) {
      throw new IllegalArgumentException(
          "stages.%s%s must be %s".formatted(name, setting, expected));
    }
  }
}
