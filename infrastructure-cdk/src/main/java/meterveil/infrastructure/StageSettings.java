package meterveil.infrastructure;

import java.util.Optional;
import java.util.regex.Pattern;

/// One environment, as `stages` in `cdk.json` describes it.
///
/// @param name the stage's name, the first part of its stacks' names
/// @param account the twelve digits of the account it may be deployed to; empty for any
/// @param region the AWS region of everything in it
/// @param otherRegionAllowed whether it may lie outside [#HOME_REGION], which the privacy promise
///   names (T26)
/// @param metersMax the number of meters its tables are made ready for
record StageSettings(
    String name,
    Optional<String> account,
    String region,
    boolean otherRegionAllowed,
    int metersMax) {

  /// Where data stays unless a stage says otherwise (T26).
  static final String HOME_REGION = "us-west-2";

  /// As many as the design's arithmetic goes.
  static final int METERS_MAX = 1_000_000;

  private static final Pattern NAME = Pattern.compile("[a-z][a-z0-9]{0,15}");
  private static final Pattern ACCOUNT = Pattern.compile("[0-9]{12}");
  private static final Pattern REGION = Pattern.compile("[a-z]{2}(-[a-z]+)+-[0-9]");

  /// @throws IllegalArgumentException naming the setting that is wrong
  StageSettings {
    require(NAME.matcher(name).matches(), name, "", "a name of up to 16 small letters and digits");
    require(
        account.isEmpty() || ACCOUNT.matcher(account.get()).matches(),
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
  }

  private static void require(boolean right, String name, String setting, String expected) {
    if (!right) {
      throw new IllegalArgumentException(
          "stages.%s%s must be %s".formatted(name, setting, expected));
    }
  }
}
