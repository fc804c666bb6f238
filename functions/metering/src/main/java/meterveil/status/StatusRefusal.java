package meterveil.status;

/// Why a status was refused. Names a rule, never anything of the message.
public enum StatusRefusal {
  /// More bytes than [meterveil.meter.StrictJson#PAYLOAD_BYTES_MAX].
  TOO_LARGE,
  /// Not one JSON object in UTF-8, nested too deeply, or with a number of too many digits.
  NOT_JSON,
  /// A member stands in it twice.
  DUPLICATE_MEMBER,
  /// A member is not there.
  MISSING_MEMBER,
  /// A member is not of its kind or outside its limits.
  BAD_MEMBER,
  /// The topic names a tenant there is not.
  UNKNOWN_TENANT
}
