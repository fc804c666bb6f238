package meterveil.meter;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.time.Instant;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicReference;
import java.util.stream.IntStream;
import meterveil.LocalDynamoDb;
import meterveil.cohort.DistrictId;
import meterveil.cohort.TariffClass;
import meterveil.energy.Commodity;
import meterveil.meter.Admission.Reason;
import meterveil.meter.Admission.Verdict;
import meterveil.meter.Meter.Certificate;
import meterveil.meter.Meter.State;
import meterveil.meter.MeterTable.Imported;
import meterveil.meter.MeterTable.Problem;
import meterveil.tenant.TenantId;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import software.amazon.awssdk.services.dynamodb.model.AttributeValue;

@Tag("place")
class MeterTableTest {

  private static final Instant NOW = Instant.parse("2013-01-01T17:42:13Z");
  private static final Instant LATER = Instant.parse("2013-01-02T17:42:13Z");
  private static final Certificate ONE = new Certificate("1".repeat(64), LATER);
  private static final Certificate OTHER = new Certificate("2".repeat(64), LATER);
  private static final String NAME = LocalDynamoDb.table("meters", MeterTable.SCHEMA);

  private static final MeterTable TABLE = new MeterTable(LocalDynamoDb.CLIENT, NAME);
  private static final Admission ADMISSION = new Admission(TABLE);

  @Test
  void importsAListOnce() {
    var list = IntStream.range(0, 50).mapToObj(i -> listed("once-" + i, "once", "north")).toList();

    assertThat(TABLE.add(list, NOW)).isEqualTo(new Imported(50, 0, Map.of()));
    assertThat(TABLE.add(list, LATER)).isEqualTo(new Imported(0, 50, Map.of()));

    assertThat(TABLE.of(new TenantId("once")))
        .hasSize(50)
        .allSatisfy(meter -> assertThat(meter.listedAt()).isEqualTo(NOW));
    assertThat(TABLE.find(new ThingName("once-7")))
        .contains(new Meter(list.get(7), State.LISTED, NOW, Optional.empty(), false));
  }

  @Test
  void importsNothingOfAListThatIsWrongInPart() {
    TABLE.add(List.of(listed("part-theirs", "theirs", "north")), NOW);
    TABLE.add(
        List.of(listed("part-moved", "part", "north"), listed("part-revoked", "part", "north")),
        NOW);
    TABLE.revoke(new TenantId("part"), new ThingName("part-revoked"));

    var imported =
        TABLE.add(
            List.of(
                listed("part-new", "part", "north"),
                listed("part-theirs", "part", "north"),
                listed("part-moved", "part", "south"),
                listed("part-revoked", "part", "north")),
            NOW);

    assertThat(imported)
        .isEqualTo(
            new Imported(
                0,
                0,
                Map.of(
                    new ThingName("part-theirs"), Problem.OTHER_TENANTS,
                    new ThingName("part-moved"), Problem.LISTED_OTHERWISE,
                    new ThingName("part-revoked"), Problem.REVOKED)));
    assertThat(TABLE.find(new ThingName("part-new"))).isEmpty();
  }

  @ParameterizedTest
  @EnumSource(Step.class)
  void nothingOfAnInterruptedImportIsThere(Step step) {
    String name = "cut-" + step.name().toLowerCase(Locale.ROOT);
    var list = IntStream.range(0, 5).mapToObj(i -> listed(name + i, name, "north")).toList();

    assertThatThrownBy(() -> TABLE.add(list, NOW, step.then(MeterTableTest::crash)))
        .isInstanceOf(Crash.class);

    assertThat(TABLE.of(new TenantId(name))).isEmpty();
    for (ListedMeter meter : list) {
      assertThat(TABLE.find(meter.thing())).isEmpty();
      assertThat(ADMISSION.byClaim(meter.thing(), ONE))
          .isEqualTo(new Verdict.Refused(Reason.NOT_LISTED));
      assertThat(ADMISSION.byAuthority(meter.thing(), meter.tenant(), ONE))
          .isEqualTo(new Verdict.Refused(Reason.NOT_LISTED));
    }
    assertThat(TABLE.add(list, LATER)).isEqualTo(new Imported(5, 0, Map.of()));
    assertThat(TABLE.of(new TenantId(name)))
        .hasSize(5)
        .allSatisfy(meter -> assertThat(meter.listedAt()).isEqualTo(LATER));
    assertThat(ADMISSION.byClaim(list.getFirst().thing(), ONE))
        .isInstanceOf(Verdict.Admitted.class);
  }

  @Test
  void whatAnInterruptedImportLeftMayBeImportedOtherwise() {
    var left = listed("left", "left", "north");
    assertThatThrownBy(
            () -> TABLE.add(List.of(left), NOW, Step.ALL_ADDED.then(MeterTableTest::crash)))
        .isInstanceOf(Crash.class);
    var other = listed("left", "other", "south");

    assertThat(TABLE.add(List.of(other), NOW)).isEqualTo(new Imported(1, 0, Map.of()));

    assertThat(TABLE.of(left.tenant())).isEmpty();
    assertThat(TABLE.find(left.thing()).orElseThrow().listed()).isEqualTo(other);
  }

  @Test
  void anImportThatAnotherEndedPutsNothingOntoTheList() {
    var shared = listed("ended-shared", "ended", "north");
    var alone = listed("ended-alone", "ended", "north");

    var imported =
        TABLE.add(
            List.of(shared, alone),
            NOW,
            Step.ALL_ADDED.then(() ->
                assertThat(TABLE.add(List.of(shared), LATER))
                    .isEqualTo(new Imported(1, 0, Map.of()))));

    assertThat(imported)
        .isEqualTo(
            new Imported(
                0,
                0,
                Map.of(
                    shared.thing(),
                    Problem.LISTED_MEANWHILE,
                    alone.thing(),
                    Problem.LISTED_MEANWHILE)));
    assertThat(TABLE.of(new TenantId("ended")).map(Meter::thing)).containsExactly(shared.thing());
    assertThat(TABLE.find(alone.thing())).isEmpty();
  }

  @Test
  void anImportLeavesAloneWhatAnotherPutOntoTheListMeanwhile() {
    var listed = listed("done-meanwhile", "done", "north");
    var otherwise = listed("done-meanwhile", "done-otherwise", "south");
    var imported = new AtomicReference<Imported>();

    TABLE.add(
        List.of(listed),
        NOW,
        Step.ALL_ADDED.then(() ->
            imported.set(
                TABLE.add(
                    List.of(otherwise),
                    LATER,
                    Step.CHECKED.then(() ->
                        new ImportTable(LocalDynamoDb.CLIENT, NAME)
                            .end(importOf(listed.thing()), ImportTable.End.DONE))))));

    assertThat(imported.get())
        .isEqualTo(new Imported(0, 0, Map.of(listed.thing(), Problem.LISTED_MEANWHILE)));
    assertThat(TABLE.find(listed.thing()).orElseThrow().listed()).isEqualTo(listed);
  }

  @Test
  void aMeterThatComesOntoTheListMeanwhileEndsTheImport() {
    var first = listed("meanwhile-1", "meanwhile", "north");
    var second = listed("meanwhile-2", "meanwhile", "north");
    var otherwise = listed("meanwhile-2", "meanwhile", "south");

    var imported =
        TABLE.add(
            List.of(first, second),
            NOW,
            Step.CHECKED.then(() -> TABLE.add(List.of(otherwise), NOW)));

    assertThat(imported)
        .isEqualTo(new Imported(0, 0, Map.of(second.thing(), Problem.LISTED_MEANWHILE)));
    assertThat(TABLE.find(first.thing())).isEmpty();
    assertThat(TABLE.find(second.thing()).orElseThrow().listed()).isEqualTo(otherwise);
  }

  @Test
  void anImportEndsOnce() {
    var imports = new ImportTable(LocalDynamoDb.CLIENT, NAME);
    assertThat(imports.isDone("once")).isFalse();

    assertThat(imports.end("once", ImportTable.End.GIVEN_UP)).isEqualTo(ImportTable.End.GIVEN_UP);
    assertThat(imports.end("once", ImportTable.End.DONE)).isEqualTo(ImportTable.End.GIVEN_UP);
    assertThat(imports.isDone("once")).isFalse();

    assertThat(imports.end("other", ImportTable.End.DONE)).isEqualTo(ImportTable.End.DONE);
    assertThat(imports.end("other", ImportTable.End.DONE)).isEqualTo(ImportTable.End.DONE);
    assertThat(imports.end("other", ImportTable.End.GIVEN_UP)).isEqualTo(ImportTable.End.DONE);
    assertThat(imports.isDone("other")).isTrue();
  }

  @Test
  void anImportChangesNothingOfAProvisionedMeter() {
    var listed = listed("provisioned", "provisioned", "north");
    TABLE.add(List.of(listed), NOW);
    ADMISSION.byClaim(listed.thing(), ONE);

    TABLE.add(List.of(listed), LATER);

    assertThat(TABLE.find(listed.thing()).orElseThrow())
        .isEqualTo(new Meter(listed, State.PROVISIONED, NOW, Optional.of(ONE), false));
  }

  @Test
  @DisplayName("U15 A claim admits a meter of the list once, with one certificate")
  void aClaimAdmitsOnce() {
    var listed = listed("claim", "claim", "north");
    TABLE.add(List.of(listed), NOW);

    assertThat(ADMISSION.byClaim(listed.thing(), ONE))
        .isEqualTo(
            new Verdict.Admitted(
                new Meter(listed, State.PROVISIONED, NOW, Optional.of(ONE), false)));
    assertThat(ADMISSION.byClaim(listed.thing(), ONE)).isInstanceOf(Verdict.Admitted.class);
    assertThat(ADMISSION.byClaim(listed.thing(), OTHER))
        .isEqualTo(new Verdict.Refused(Reason.ALREADY_PROVISIONED));
    assertThat(TABLE.find(listed.thing()).orElseThrow().certificate()).contains(ONE);
  }

  @Test
  @DisplayName("U15 Nobody is admitted who is on no list, whichever way it comes")
  void nobodyIsAdmittedWhoIsOnNoList() {
    var stranger = new ThingName("stranger");

    assertThat(ADMISSION.byClaim(stranger, ONE)).isEqualTo(new Verdict.Refused(Reason.NOT_LISTED));
    assertThat(ADMISSION.byOwnCertificate(stranger, "stranger", ONE))
        .isEqualTo(new Verdict.Refused(Reason.NOT_LISTED));
    assertThat(ADMISSION.byAuthority(stranger, new TenantId("grid"), ONE))
        .isEqualTo(new Verdict.Refused(Reason.NOT_LISTED));
    assertThat(TABLE.find(stranger)).isEmpty();
  }

  @Test
  @DisplayName("U15 A certificate is changed under the meter's own name only")
  void aCertificateIsChangedUnderTheOwnNameOnly() {
    var listed = listed("rotates", "rotates", "north");
    TABLE.add(List.of(listed), NOW);

    assertThat(ADMISSION.byOwnCertificate(listed.thing(), "rotates", OTHER))
        .isEqualTo(new Verdict.Refused(Reason.NOT_PROVISIONED));
    ADMISSION.byClaim(listed.thing(), ONE);
    assertThat(ADMISSION.byOwnCertificate(listed.thing(), "another", OTHER))
        .isEqualTo(new Verdict.Refused(Reason.OTHER_NAME));
    assertThat(ADMISSION.byOwnCertificate(listed.thing(), "rotates", OTHER))
        .isInstanceOf(Verdict.Admitted.class);
    assertThat(TABLE.find(listed.thing()).orElseThrow().certificate()).contains(OTHER);
  }

  @Test
  @DisplayName("U15 A utility's authority speaks for the meters of its tenant only")
  void anAuthoritySpeaksForItsTenantOnly() {
    var listed = listed("signed", "signed", "north");
    TABLE.add(List.of(listed), NOW);

    assertThat(ADMISSION.byAuthority(listed.thing(), new TenantId("other"), ONE))
        .isEqualTo(new Verdict.Refused(Reason.OTHER_TENANT));
    assertThat(ADMISSION.byAuthority(listed.thing(), listed.tenant(), ONE))
        .isInstanceOf(Verdict.Admitted.class);
    assertThat(ADMISSION.byAuthority(listed.thing(), listed.tenant(), OTHER))
        .isInstanceOf(Verdict.Admitted.class);
  }

  @Test
  @DisplayName("U15 A revoked meter is never admitted again")
  void aRevokedMeterIsNeverAdmittedAgain() {
    var listed = listed("revoked", "revoked", "north");
    TABLE.add(List.of(listed), NOW);
    ADMISSION.byClaim(listed.thing(), ONE);

    assertThat(TABLE.revoke(new TenantId("other"), listed.thing())).isFalse();
    assertThat(TABLE.revoke(listed.tenant(), listed.thing())).isTrue();
    assertThat(TABLE.revoke(listed.tenant(), listed.thing())).isTrue();

    var refused = new Verdict.Refused(Reason.REVOKED);
    assertThat(ADMISSION.byClaim(listed.thing(), ONE)).isEqualTo(refused);
    assertThat(ADMISSION.byOwnCertificate(listed.thing(), "revoked", ONE)).isEqualTo(refused);
    assertThat(ADMISSION.byAuthority(listed.thing(), listed.tenant(), ONE)).isEqualTo(refused);
    assertThat(TABLE.listAgain(listed.tenant(), listed.thing(), ONE)).isFalse();
  }

  @Test
  void aMeterThatLostItsCertificateIsListedAgain() {
    var listed = listed("again", "again", "north");
    TABLE.add(List.of(listed), NOW);
    assertThat(TABLE.listAgain(listed.tenant(), listed.thing(), ONE)).isFalse();
    ADMISSION.byClaim(listed.thing(), ONE);

    assertThat(TABLE.listAgain(listed.tenant(), listed.thing(), OTHER)).isFalse();
    assertThat(TABLE.listAgain(new TenantId("other"), listed.thing(), ONE)).isFalse();
    assertThat(TABLE.listAgain(listed.tenant(), listed.thing(), ONE)).isTrue();

    assertThat(ADMISSION.byClaim(listed.thing(), OTHER)).isInstanceOf(Verdict.Admitted.class);
  }

  @Test
  void whoIsProvisionedAndNotLeavingTakesPart() {
    var listed = listed("part-taking", "part-taking", "north");
    TABLE.add(List.of(listed), NOW);
    assertThat(TABLE.find(listed.thing()).orElseThrow().takesPart()).isFalse();
    ADMISSION.byClaim(listed.thing(), ONE);
    assertThat(TABLE.find(listed.thing()).orElseThrow().takesPart()).isTrue();

    assertThat(TABLE.leave(listed.tenant(), listed.thing())).isTrue();

    assertThat(TABLE.find(listed.thing()).orElseThrow().takesPart()).isFalse();
  }

  private static String importOf(ThingName thing) {
    var item =
        LocalDynamoDb.CLIENT
            .getItem(get ->
                get.tableName(NAME).key(Map.of("thing", AttributeValue.fromS(thing.value()))))
            .item();
    return Objects.requireNonNull(item.get("importId")).s();
  }

  private static ListedMeter listed(String thing, String tenant, String district) {
    return new ListedMeter(
        new ThingName(thing),
        new TenantId(tenant),
        new DistrictId(district),
        TariffClass.RESIDENTIAL,
        Commodity.ELECTRICITY);
  }

  private static void crash() {
    throw new Crash();
  }

  private static final class Crash extends RuntimeException {}

  /// A step of an import, after which a test does something, once.
  private enum Step {
    CHECKED,
    ADDED,
    ALL_ADDED;

    MeterTable.Progress then(Runnable action) {
      var once = new AtomicBoolean();
      return new MeterTable.Progress() {

        @Override
        public void checked() {
          at(CHECKED);
        }

        @Override
        public void added() {
          at(ADDED);
        }

        @Override
        public void allAdded() {
          at(ALL_ADDED);
        }

        private void at(Step step) {
          if (step == Step.this && once.compareAndSet(false, true)) {
            action.run();
          }
        }
      };
    }
  }
}
