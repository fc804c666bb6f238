package meterveil.embedded.iot;

/// A rule's action that could not be carried out; its message stands in the error record.
public final class ActionFailed extends Exception {

  private static final long serialVersionUID = 1L;

  public ActionFailed(String message) {
    super(message);
  }
}
