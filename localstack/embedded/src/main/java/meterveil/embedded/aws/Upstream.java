package meterveil.embedded.aws;

import java.io.IOException;

/// Where a door hands on what it let through.
interface Upstream extends AutoCloseable {

  /// Sends a request and waits for its answer.
  ///
  /// @throws IOException if there was none; the request may have been carried out or not
  Message send(Message request) throws IOException;

  @Override
  void close() throws IOException;
}
