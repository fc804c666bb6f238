package meterveil.embedded.policy;

import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;

/// One statement of a policy document.
public final class Statement {

  private final boolean allows;
  private final List<Glob> actions;
  private final List<Glob> resources;
  private final List<Principal> principals;
  private final List<Condition> conditions;

  /// @param resources empty where the policy is a resource's own and speaks of that resource
  /// @param principals empty where the policy is the asker's own
  Statement(
      boolean allows,
      List<Glob> actions,
      List<Glob> resources,
      List<Principal> principals,
      List<Condition> conditions) {
    this.allows = allows;
    this.actions = List.copyOf(actions);
    this.resources = List.copyOf(resources);
    this.principals = List.copyOf(principals);
    this.conditions = List.copyOf(conditions);
  }

  /// Whether its effect is `Allow`; otherwise it is `Deny`.
  public boolean allows() {
    return allows;
  }

  /// Every condition key and policy variable it asks about.
  public Set<String> keys() {
    var keys = new LinkedHashSet<String>();
    resources.forEach(resource -> keys.addAll(resource.variables()));
    conditions.forEach(condition -> keys.addAll(condition.keys()));
    return keys;
  }

  /// Whether it speaks of this request. A variable that the request has no single value for makes
  /// the whole statement speak of nothing, even if another of its resources would fit.
  public boolean matches(Request request) {
    if (actions.stream().noneMatch(a -> a.coversIgnoringCase(request.action(), request))
        || !speaksOf(request.principals())
        || !resources.stream().allMatch(resource -> resource.resolves(request))
        || !conditions.stream().allMatch(condition -> condition.resolves(request))) {
      return false;
    }
    return (resources.isEmpty()
            || resources.stream().anyMatch(r -> r.covers(request.resource(), request)))
        && conditions.stream().allMatch(condition -> condition.holds(request));
  }

  private boolean speaksOf(Set<Principal> asking) {
    return principals.isEmpty()
        || principals.stream().anyMatch(named -> asking.stream().anyMatch(named::covers));
  }
}
