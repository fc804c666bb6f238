package meterveil.reading;

/// Why a message was refused. Names a rule, never anything of the message.
public enum Refusal {
  /// More bytes than [meterveil.meter.StrictJson#PAYLOAD_BYTES_MAX].
  TOO_LARGE,
  /// Not one JSON object in UTF-8, nested too deeply, or with a number of too many digits.
  NOT_JSON,
  /// A member stands in it twice.
  DUPLICATE_MEMBER,
  /// `start` or `energyWh` is not there.
  MISSING_MEMBER,
  /// `start` is not a whole UTC hour from the year 2000 on, such as `2013-01-01T00:00:00Z`.
  BAD_START,
  /// An hour is not a whole number or null.
  NOT_WHOLE,
  /// An hour is below zero.
  NEGATIVE,
  /// An hour is above the cap of the commodity.
  ABOVE_CAP,
  /// Not the hours of one or two blocks, or not of the cohort's length.
  WRONG_LENGTH,
  /// `start` is not a multiple of the block's length.
  NOT_ALIGNED,
  /// Lies, in whole or in part, in an epoch that is not the cohort's.
  WRONG_EPOCH,
  /// A block of it is not over yet.
  NOT_OVER,
  /// A block of it ended more than 72 hours ago.
  TOO_LATE,
  /// The topic names a cohort there is not.
  UNKNOWN_COHORT
}
