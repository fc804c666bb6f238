package meterveil.benchmarks.price;

import com.amazonaws.services.lambda.runtime.Context;
import com.amazonaws.services.lambda.runtime.RequestStreamHandler;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import meterveil.benchmarks.speed.UsualDesign;
import meterveil.connection.AwsHttp;
import software.amazon.awssdk.services.dynamodb.DynamoDbClient;

/// The usual design as a function, with the HTTP client that ours have.
public final class UsualFunction implements RequestStreamHandler {

  private final UsualDesign design =
      new UsualDesign(
          DynamoDbClient.builder().httpClient(AwsHttp.client()).build(), UsualCalls.TABLE);

  @Override
  public void handleRequest(InputStream message, OutputStream answer, Context context)
      throws IOException {
    var _ = design.store(message.readAllBytes());
  }
}
