package meterveil;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.FileVisitResult;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.SimpleFileVisitor;
import java.nio.file.attribute.BasicFileAttributes;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.regex.MatchResult;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

/// What the documents point to is there.
class DocumentsTest {

  private static final Path ROOT = Path.of("../..");
  private static final Set<String> NOT_OURS = Set.of("target", "node_modules", ".git");
  private static final Pattern PROMISE = Pattern.compile("\\| ([TU][0-9]+) \\|(.*)");
  private static final Pattern TEST = Pattern.compile("`([A-Za-z]+Test)`");

  /// What a test is called, by JUnit or jqwik.
  private static final Pattern MARK =
      Pattern.compile("@(?:DisplayName|Label|Tag)\\(\\s*((?:\"[^\"]*\"[\\s+]*)+)\\)");

  private static final Pattern LINK = Pattern.compile("]\\(([^)#:]+)(#[^)]*)?\\)");

  @Test
  void everyPromiseNamesTestsThatCarryItsId() throws IOException {
    List<MatchResult> promises =
        PROMISE.matcher(Files.readString(ROOT.resolve("docs/promises.md"))).results().toList();
    assertThat(promises).hasSizeGreaterThan(15);
    List<Path> sources = testSources();
    for (MatchResult promise : promises) {
      List<String> tests =
          TEST.matcher(promise.group(2)).results().map(test -> test.group(1)).toList();
      assertThat(tests).as(promise.group(1)).isNotEmpty();
      for (String test : tests) {
        assertThat(sources)
            .as("%s of %s", test, promise.group(1))
            .anyMatch(file -> file.endsWith(test + ".java") && carries(file, promise.group(1)));
      }
    }
  }

  @Test
  void everyLinkLeadsSomewhere() throws IOException {
    try (Stream<Path> pages = Files.walk(ROOT.resolve("docs"))) {
      List<Path> all =
          Stream.concat(
                  Stream.of("README.md", "CONTRIBUTING.md").map(ROOT::resolve),
                  pages.filter(page -> page.toString().endsWith(".md")))
              .toList();
      for (Path page : all) {
        assertThat(LINK.matcher(Files.readString(page)).results().map(link -> link.group(1)))
            .as(page.toString())
            .allMatch(link -> Files.exists(page.resolveSibling(link)));
      }
    }
  }

  private static List<Path> testSources() throws IOException {
    var sources = new ArrayList<Path>();
    Files.walkFileTree(
        ROOT,
        new SimpleFileVisitor<>() {
          @Override
          public FileVisitResult preVisitDirectory(Path folder, BasicFileAttributes attributes) {
            return NOT_OURS.contains(folder.getFileName().toString())
                ? FileVisitResult.SKIP_SUBTREE
                : FileVisitResult.CONTINUE;
          }

          @Override
          public FileVisitResult visitFile(Path file, BasicFileAttributes attributes) {
            if (file.toString().contains("/src/test/java/")) {
              sources.add(file);
            }
            return FileVisitResult.CONTINUE;
          }
        });
    return sources;
  }

  private static boolean carries(Path test, String id) {
    try {
      return MARK.matcher(Files.readString(test))
          .results()
          .anyMatch(mark -> List.of(mark.group(1).split("[ \"]+")).contains(id));
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }
}
