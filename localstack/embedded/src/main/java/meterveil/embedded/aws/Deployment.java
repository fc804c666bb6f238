package meterveil.embedded.aws;

import java.net.URI;
import java.util.Map;
import software.amazon.awssdk.auth.credentials.AwsCredentialsProvider;

/// Tables and keys that CloudFormation has made elsewhere, in LocalStack or an account, to be used
/// in place of DynamoDB Local and the stand-in of KMS.
///
/// @param dynamoDb endpoint
/// @param kms endpoint
/// @param account twelve digits
/// @param credentials of somebody who may use them all: the doors judge the roles
/// @param names physical names of tables and keys, each by `stack/logical id`
public record Deployment(
    URI dynamoDb,
    URI kms,
    String account,
    AwsCredentialsProvider credentials,
    Map<String, String> names) {

  public Deployment {
    names = Map.copyOf(names);
  }
}
