package meterveil.meter;

import java.time.Instant;
import java.util.List;

/// What the platform asks of a meter, or of a whole cohort: to send blocks again.
///
/// @param blocks the starts of the blocks, at least one
public record ResendRequest(List<Instant> blocks) {

  /// The most blocks of one request.
  public static final int BLOCKS_MAX = 72;

  /// @throws IllegalArgumentException if there are none or too many
  public ResendRequest {
    blocks = List.copyOf(blocks);
    if (blocks.isEmpty() || blocks.size() > BLOCKS_MAX) {
      throw new IllegalArgumentException(
          "a request names 1 to %d blocks, not %d".formatted(BLOCKS_MAX, blocks.size()));
    }
  }
}
