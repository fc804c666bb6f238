package meterveil.embedded;

import java.io.IOException;
import java.io.OutputStream;
import java.lang.classfile.ClassFile;
import java.lang.classfile.ClassHierarchyResolver;
import java.lang.classfile.ClassTransform;
import java.lang.classfile.instruction.InvokeInstruction;
import java.lang.constant.ClassDesc;
import java.lang.constant.MethodTypeDesc;
import java.lang.instrument.ClassFileTransformer;
import java.lang.instrument.Instrumentation;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.ProtectionDomain;
import java.time.Clock;
import java.util.Arrays;
import java.util.List;
import java.util.jar.Attributes;
import java.util.jar.JarEntry;
import java.util.jar.JarOutputStream;
import java.util.jar.Manifest;
import org.jspecify.annotations.Nullable;

/// Lets a function's `Clock.systemUTC()` follow the [MovableClock], without the function knowing.
///
/// It runs in the function's process, where it rewrites that one call in the classes under
/// `meterveil/` as they are loaded. The zip and the environment stay exactly as deployed.
public final class ClockAgent {

  private static final String OURS = "meterveil/";
  private static final byte[] CALL = "systemUTC".getBytes(StandardCharsets.ISO_8859_1);
  private static final ClassDesc CLOCK = ClassDesc.of("java.time.Clock");
  private static final MethodTypeDesc TO_CLOCK = MethodTypeDesc.of(CLOCK);
  private static final ClassDesc AGENT = ClassDesc.of(ClockAgent.class.getName());

  private static volatile @Nullable Clock clock;

  private ClockAgent() {}

  /// Writes the agent's jar: this class and the clock's.
  public static void writeJar(Path jar) throws IOException {
    var manifest = new Manifest();
    manifest.getMainAttributes().put(Attributes.Name.MANIFEST_VERSION, "1.0");
    manifest.getMainAttributes().putValue("Premain-Class", ClockAgent.class.getName());
    try (OutputStream file = Files.newOutputStream(jar);
        var out = new JarOutputStream(file, manifest)) {
      for (Class<?> type : List.of(ClockAgent.class, Rewriting.class, MovableClock.class)) {
        String entry = type.getName().replace('.', '/') + ".class";
        out.putNextEntry(new JarEntry(entry));
        try (var bytes = type.getClassLoader().getResourceAsStream(entry)) {
          bytes.transferTo(out);
        }
        out.closeEntry();
      }
    }
  }

  /// Called by the JVM before the function's own main class.
  ///
  /// @param file the clock's file
  public static void premain(String file, Instrumentation instrumentation) throws IOException {
    clock = MovableClock.follow(Path.of(file));
    instrumentation.addTransformer(new Rewriting());
  }

  /// What the rewritten calls call.
  public static Clock systemUTC() {
    Clock moved = clock;
    if (moved == null) {
      throw new IllegalStateException("the agent was not started");
    }
    return moved;
  }

  private static final class Rewriting implements ClassFileTransformer {
    @Override
    public byte @Nullable [] transform(
        @Nullable ClassLoader loader,
        String name,
        @Nullable Class<?> redefined,
        @Nullable ProtectionDomain domain,
        byte[] bytes) {
      if (loader == null || !name.startsWith(OURS) || !holds(bytes, CALL)) {
        return null;
      }
      // Only the loader of the class knows the types that its stack maps speak of.
      ClassFile classFile =
          ClassFile.of(
              ClassFile.ClassHierarchyResolverOption.of(
                  ClassHierarchyResolver.ofResourceParsing(loader)
                      .orElse(ClassHierarchyResolver.defaultResolver())));
      return classFile.transformClass(
          classFile.parse(bytes),
          ClassTransform.transformingMethodBodies((code, element) -> {
            if (element instanceof InvokeInstruction call
                && call.name().equalsString("systemUTC")
                && call.owner().asSymbol().equals(CLOCK)) {
              code.invokestatic(AGENT, "systemUTC", TO_CLOCK);
            } else {
              code.with(element);
            }
          }));
    }

    private static boolean holds(byte[] bytes, byte[] part) {
      for (int i = 0; i <= bytes.length - part.length; i++) {
        if (bytes[i] == part[0] && Arrays.equals(bytes, i, i + part.length, part, 0, part.length)) {
          return true;
        }
      }
      return false;
    }
  }
}
