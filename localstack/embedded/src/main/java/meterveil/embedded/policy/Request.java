package meterveil.embedded.policy;

import java.util.List;
import java.util.Map;
import java.util.Set;

/// One thing somebody wants to do.
///
/// @param action for instance `iot:Publish`
/// @param resource the ARN it is done to, `*` for an action on nothing in particular
/// @param context values of the condition keys and policy variables this request has, by their full
///   name, written as the service writes it (`iot:Connection.Thing.Attributes[tenant]`)
/// @param principals every name under which the one who asks is known; empty where the policy is
///   the asker's own and names nobody
public record Request(
    String action, String resource, Map<String, List<String>> context, Set<Principal> principals) {

  public Request {
    context = Map.copyOf(context);
    principals = Set.copyOf(principals);
  }

  /// A request judged by the asker's own policies.
  public Request(String action, String resource, Map<String, List<String>> context) {
    this(action, resource, context, Set.of());
  }

  List<String> values(String key) {
    return context.getOrDefault(key, List.of());
  }
}
