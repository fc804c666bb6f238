package meterveil.simulator;

import java.io.IOException;
import java.nio.file.Path;

/// A file says something that cannot be right. The message names file, line and fault, for the
/// person who wrote it.
public final class BadFileException extends IOException {

  /// A fault of the file as a whole.
  public BadFileException(Path file, String fault) {
    super(file + ": " + fault);
  }

  /// A fault of one line.
  ///
  /// @param line from 1
  public BadFileException(Path file, long line, String fault) {
    super(file + ":" + line + ": " + fault);
  }
}
