package meterveil;

import static com.tngtech.archunit.base.DescribedPredicate.not;
import static com.tngtech.archunit.core.domain.JavaClass.Predicates.resideInAnyPackage;
import static com.tngtech.archunit.core.domain.JavaClass.Predicates.resideOutsideOfPackages;
import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.noClasses;
import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.noMethods;
import static com.tngtech.archunit.library.dependencies.SlicesRuleDefinition.slices;
import static org.assertj.core.api.Assertions.assertThat;

import com.tngtech.archunit.base.DescribedPredicate;
import com.tngtech.archunit.core.domain.JavaClass;
import com.tngtech.archunit.core.domain.JavaClasses;
import com.tngtech.archunit.core.domain.JavaMethod;
import com.tngtech.archunit.core.importer.ClassFileImporter;
import com.tngtech.archunit.lang.ArchCondition;
import com.tngtech.archunit.lang.ArchRule;
import com.tngtech.archunit.lang.ConditionEvents;
import com.tngtech.archunit.lang.SimpleConditionEvent;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Clock;
import java.time.Instant;
import java.time.LocalDate;
import java.time.LocalDateTime;
import java.time.OffsetDateTime;
import java.time.ZonedDateTime;
import java.util.Date;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

/// The rules of the code that a machine can check, over the classes, but the tests', of every
/// module that is built before this one or is this one.
class ArchitectureTest {

  private static final int CODE_LINES_OF_A_FUNCTION_MAX = 80;

  private static final List<Path> FUNCTION_MODULES = modules(Path.of("../../functions"));

  private static final List<Path> MODULES =
      Stream.concat(
              FUNCTION_MODULES.stream(),
              Stream.of(
                  Path.of("../../functions/metering"),
                  Path.of("../../infrastructure-cdk"),
                  Path.of("../../operations"),
                  Path.of("../emulator"),
                  Path.of("../simulator"),
                  Path.of(".")))
          .toList();

  private static final String[] FUNCTIONS =
      FUNCTION_MODULES.stream()
          .map(module -> "meterveil." + module.getFileName())
          .toArray(String[]::new);

  private static List<Path> modules(Path folder) {
    try (var modules = Files.list(folder)) {
      return modules
          .filter(module -> Files.exists(module.resolve("src/main/java")))
          .filter(module -> !module.endsWith("metering"))
          .sorted()
          .toList();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /// What all functions share, though a function's own package may have the same name.
  private static final DescribedPredicate<JavaClass> SHARED =
      DescribedPredicate.describe(
          "shared",
          type ->
              type.getBaseComponentType()
                  .getSource()
                  .filter(source -> source.getUri().toString().contains("/functions/metering/"))
                  .isPresent());

  private static final String[] TOOLS = {
    "meterveil.emulator..",
    "meterveil.infrastructure..",
    "meterveil.operations..",
    "meterveil.simulator..",
    "meterveil.embedded.."
  };

  private static final JavaClasses CLASSES =
      new ClassFileImporter()
          .importPaths(MODULES.stream().map(module -> module.resolve("target/classes")).toList());

  @Test
  void seesEveryModule() {
    assertThat(FUNCTION_MODULES).hasSizeGreaterThanOrEqualTo(9);
    assertThat(MODULES).allSatisfy(module -> assertThat(module.resolve("target/classes")).exists());
    assertThat(CLASSES.stream().filter(SHARED)).hasSizeGreaterThan(100);
    for (String function : FUNCTIONS) {
      assertThat(
              CLASSES.stream()
                  .anyMatch(c ->
                      c.getSimpleName().endsWith("Function")
                          && c.getPackageName().equals(function)))
          .isTrue();
    }
  }

  @Test
  void domainsDoNotDependOnEachOtherInCircles() {
    check(slices().matching("meterveil.(*)").should().beFreeOfCycles());
  }

  @Test
  void whatIsSharedKnowsNothingOfWhatIsBuiltOnIt() {
    check(
        noClasses()
            .that(SHARED)
            .should()
            .dependOnClassesThat(
                resideInAnyPackage(FUNCTIONS).and(not(SHARED)).or(resideInAnyPackage(TOOLS))));
  }

  @Test
  void functionsAndToolsStandBesideEachOther() {
    for (String function : FUNCTIONS) {
      check(
          noClasses()
              .that()
              .resideInAPackage(function)
              .should()
              .dependOnClassesThat(
                  resideInAnyPackage(FUNCTIONS)
                      .or(resideInAnyPackage(TOOLS))
                      .and(resideOutsideOfPackages(function))
                      .and(not(SHARED))));
    }
    check(
        noClasses()
            .that()
            .resideInAPackage("meterveil.infrastructure..")
            .should()
            .dependOnClassesThat(SHARED.or(resideInAnyPackage(FUNCTIONS))));
    check(
        noClasses()
            .that()
            .resideInAPackage("meterveil.operations..")
            .should()
            .dependOnClassesThat()
            .resideInAnyPackage(
                "meterveil.infrastructure..",
                "meterveil.simulator..",
                "meterveil.embedded..",
                "meterveil.cell",
                "meterveil.usage"));
    check(
        noClasses()
            .that()
            .resideInAPackage("meterveil.simulator..")
            .should()
            .dependOnClassesThat()
            .resideInAnyPackage("meterveil.embedded..", "meterveil.cell", "meterveil.usage"));
  }

  @Test
  void onlyFunctionsKnowLambda() {
    check(
        noClasses()
            .that()
            .resideOutsideOfPackages(TOOLS)
            .and()
            .haveSimpleNameNotEndingWith("Function")
            .should()
            .dependOnClassesThat()
            .resideInAPackage("com.amazonaws.services.lambda.runtime"));
  }

  /// Functions build the client, a rehearsal one that asks nobody, and `Stores` hands it to the
  /// tables.
  @Test
  void onlyTablesKnowDynamoDb() {
    check(
        noClasses()
            .that()
            .resideOutsideOfPackages(TOOLS)
            .and()
            .haveNameNotMatching(".*(Table|Table\\$.*|Function|Rehearsal|Stores)")
            .should()
            .dependOnClassesThat()
            .resideInAnyPackage("software.amazon.awssdk..dynamodb.."));
  }

  @Test
  void onlyJsonClassesKnowJackson() {
    check(
        noClasses()
            .that()
            .resideOutsideOfPackages(TOOLS)
            .and()
            .haveNameNotMatching(".*(Json|Json\\$.*)")
            .should()
            .dependOnClassesThat()
            .resideInAPackage("com.fasterxml.jackson.."));
  }

  @Test
  void timeComesFromAClock() {
    check(
        noClasses()
            .should()
            .callMethod(Instant.class, "now")
            .orShould()
            .callMethod(LocalDate.class, "now")
            .orShould()
            .callMethod(LocalDateTime.class, "now")
            .orShould()
            .callMethod(ZonedDateTime.class, "now")
            .orShould()
            .callMethod(OffsetDateTime.class, "now")
            .orShould()
            .callConstructor(Date.class)
            .orShould()
            .callMethod(System.class, "currentTimeMillis"));
    check(
        noClasses()
            .that(SHARED)
            .and()
            .haveSimpleNameNotEndingWith("Downlink")
            .should()
            .callMethod(Clock.class, "systemUTC"));
  }

  /// Functions hand what surrounds them to their settings; a client of the SDK's own kind reads
  /// where its endpoint is, as the SDK's clients do.
  @Test
  void nothingAsksWhereItRuns() {
    check(
        noClasses()
            .that()
            .resideOutsideOfPackages(TOOLS)
            .and()
            .haveNameNotMatching(".*(Function|Downlink|Registry)")
            .should()
            .callMethod(System.class, "getenv")
            .orShould()
            .callMethod(System.class, "getenv", String.class));
  }

  @Test
  void functionsAreShortAndMadeInTwoWays() throws IOException {
    for (Path module : FUNCTION_MODULES) {
      try (var files = Files.walk(module.resolve("src/main/java"))) {
        Path function =
            files
                .filter(file -> file.toString().endsWith("Function.java"))
                .findFirst()
                .orElseThrow();
        String name = function.getFileName().toString().replace(".java", "");
        List<String> code =
            Files.readAllLines(function).stream()
                .map(String::strip)
                .filter(line -> !line.isEmpty())
                .filter(line -> !line.startsWith("//"))
                .filter(line -> !line.startsWith("import "))
                .filter(line -> !line.startsWith("package "))
                .toList();
        assertThat(code).as(name).hasSizeLessThan(CODE_LINES_OF_A_FUNCTION_MAX);
        assertThat(code.stream().filter(line -> line.startsWith("public " + name + "(")))
            .as("without arguments for Lambda, and with all for everyone else")
            .hasSize(2);
      }
    }
  }

  @Test
  void failuresHaveNames() {
    check(
        noClasses()
            .that()
            .areNotAssignableTo(RuntimeException.class)
            .should()
            .callConstructor(RuntimeException.class, String.class)
            .orShould()
            .callConstructor(RuntimeException.class, Throwable.class)
            .orShould()
            .callConstructor(RuntimeException.class, String.class, Throwable.class)
            .orShould()
            .callMethod(Throwable.class, "printStackTrace"));
  }

  @Test
  void namesSayWhatThingsAre() {
    check(
        noClasses()
            .should()
            .haveNameMatching(".*(Impl|Manager|Helper|Utils?)")
            .orShould()
            .haveSimpleNameStartingWith("Abstract"));
    check(
        noClasses()
            .should()
            .resideInAnyPackage(
                "..util..", "..common..", "..service..", "..dao..", "..model..", "..impl.."));
  }

  @Test
  void recordsAreEqualByTheirComponents() {
    check(
        noMethods()
            .that()
            .areDeclaredInClassesThat()
            .areRecords()
            .and()
            .haveName("equals")
            .should(
                new ArchCondition<>("be written by hand") {
                  @Override
                  public void check(JavaMethod method, ConditionEvents events) {
                    boolean generated =
                        method.getCallsFromSelf().isEmpty() && method.getFieldAccesses().isEmpty();
                    events.add(new SimpleConditionEvent(method, !generated, method.getFullName()));
                  }
                }));
  }

  @Test
  void everyPackageSaysWhatItIsFor() throws IOException {
    for (Path module : MODULES) {
      try (var folders = Files.walk(module.resolve("src/main/java"))) {
        for (Path folder : folders.filter(Files::isDirectory).toList()) {
          try (var files = Files.list(folder)) {
            List<String> names = files.map(file -> file.getFileName().toString()).toList();
            if (names.stream().anyMatch(name -> name.endsWith(".java"))) {
              assertThat(names).as(folder.toString()).contains("package-info.java");
              assertThat(folder.resolve("package-info.java")).content().contains("@NullMarked");
            }
          }
        }
      }
    }
  }

  private static void check(ArchRule rule) {
    rule.check(CLASSES);
  }
}
