package meterveil.embedded.iot;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.List;
import java.util.Map;
import meterveil.embedded.iot.ThingRegistry.Status;
import meterveil.embedded.policy.PolicyDocument;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class ThingRegistryTest {

  private final ThingRegistry registry = new ThingRegistry("us-west-2", "000000000000");

  @Test
  void changesAttributesAsUpdateThingDoes() {
    registry.createThing("m1", "meter", Map.of("a", "1", "b", "2"));
    registry.updateThing("m1", Map.of("b", "3", "c", "4"), true);
    assertThat(registry.thing("m1").orElseThrow().attributes())
        .isEqualTo(Map.of("a", "1", "b", "3", "c", "4"));
    registry.updateThing("m1", Map.of("a", ""), true);
    assertThat(registry.thing("m1").orElseThrow().attributes())
        .isEqualTo(Map.of("b", "3", "c", "4"));
    registry.updateThing("m1", Map.of("d", "5"), false);
    assertThat(registry.thing("m1").orElseThrow().attributes()).isEqualTo(Map.of("d", "5"));
    assertThat(registry.things()).extracting(Thing::type).containsExactly("meter");
  }

  @Test
  void letsAThingWithoutATypeHaveThreeAttributes() {
    registry.createThing("m1", null, Map.of("a", "1", "b", "2", "c", "3"));
    assertThatThrownBy(() -> registry.updateThing("m1", Map.of("d", "4"), true))
        .isInstanceOf(IllegalArgumentException.class);
    registry.createThing("m2", "meter", Map.of("a", "1", "b", "2", "c", "3", "d", "4"));
  }

  @ParameterizedTest
  @CsvSource({"m 1, a, b", "m1, a b, c", "m1, a, b c", "m1, a, ü", "'', a, b", "m/1, a, b"})
  void refusesNamesAndValuesThatIotCoreWouldRefuse(String thing, String attribute, String value) {
    assertThatThrownBy(() -> registry.createThing(thing, "meter", Map.of(attribute, value)))
        .isInstanceOf(IllegalArgumentException.class);
  }

  @Test
  void refusesWhatDoesNotExistAndWhatExists() {
    registry.createThing("m1", null, Map.of());
    assertThatThrownBy(() -> registry.createThing("m1", null, Map.of())).hasMessageContaining("m1");
    assertThatThrownBy(() -> registry.updateThing("m2", Map.of(), true)).hasMessageContaining("m2");
    assertThatThrownBy(() -> registry.attachThing("c", "m1")).hasMessageContaining("certificate c");
    assertThatThrownBy(() -> registry.attachPolicy("c", "Meter")).hasMessageContaining("Meter");
    assertThatThrownBy(() -> registry.setStatus("c", Status.ACTIVE))
        .hasMessageContaining("certificate c");
  }

  @Test
  void refusesAPolicyThatAsksForWhatItDoesNotKnow() {
    PolicyDocument document =
        PolicyDocument.parse(
            TestCore.document(
                TestCore.allow(
                    "iot:Connect", List.of(registry.arn("client/${iot:Certificate.Subject}")))),
            "MeterPolicy");
    assertThatThrownBy(() -> registry.putPolicy("Meter", document))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageStartingWith("MeterPolicy: ")
        .hasMessageContaining("iot:Certificate.Subject");
    String known = registry.arn("client/${iot:Connection.Thing.ThingName}");
    registry.putPolicy(
        "Meter",
        PolicyDocument.parse(
            TestCore.document(TestCore.allow("iot:Connect", List.of(known))), "MeterPolicy"));
  }
}
