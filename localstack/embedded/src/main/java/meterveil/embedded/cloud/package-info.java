/// What CDK synthesised, deployed by CloudFormation: into LocalStack, or, of tables and keys alone,
/// into an account as well.
///
/// CloudFormation is spoken to without the SDK's module, as IoT Core is
/// (`docs/decisions/0002-iot-data-plane-without-its-sdk-module.md`).
@NullMarked
package meterveil.embedded.cloud;

import org.jspecify.annotations.NullMarked;
