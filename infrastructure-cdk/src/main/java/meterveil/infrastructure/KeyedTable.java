package meterveil.infrastructure;

import java.util.List;
import software.amazon.awscdk.services.dynamodb.Table;
import software.amazon.awscdk.services.iam.PolicyStatement;
import software.amazon.awscdk.services.kms.Key;

/// A table and the key it lies under: whoever may use the one needs the other.
record KeyedTable(Table table, Key key) {

  /// The name CloudFormation gives it.
  String name() {
    return table.getTableName();
  }

  /// What a policy must say to allow these actions.
  ///
  /// @param actions of DynamoDB, as `GetItem`
  List<PolicyStatement> allow(String... actions) {
    return List.of(statement(actions).build(), EncryptionKeys.openTables(key));
  }

  /// The same for an index of it.
  List<PolicyStatement> allowIndex(String index, String... actions) {
    var statement =
        PolicyStatement.Builder.create()
            .actions(actionsOf(actions))
            .resources(List.of(table.getTableArn() + "/index/" + index))
            .build();
    return List.of(statement, EncryptionKeys.openTables(key));
  }

  /// The same for actions on its items as far as a condition allows.
  PolicyStatement.Builder statement(String... actions) {
    return PolicyStatement.Builder.create()
        .actions(actionsOf(actions))
        .resources(List.of(table.getTableArn()));
  }

  private static List<String> actionsOf(String... names) {
    return List.of(names).stream().map("dynamodb:"::concat).toList();
  }
}
