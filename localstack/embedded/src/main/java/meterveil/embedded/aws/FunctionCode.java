package meterveil.embedded.aws;

import static java.nio.file.StandardOpenOption.CREATE;
import static java.nio.file.StandardOpenOption.READ;
import static java.nio.file.StandardOpenOption.WRITE;

import java.io.File;
import java.io.IOException;
import java.io.InputStream;
import java.lang.classfile.ClassFile;
import java.lang.classfile.ClassHierarchyResolver;
import java.lang.classfile.ClassTransform;
import java.lang.classfile.instruction.InvokeInstruction;
import java.lang.constant.ClassDesc;
import java.lang.constant.MethodTypeDesc;
import java.net.URL;
import java.net.URLClassLoader;
import java.nio.channels.FileChannel;
import java.nio.channels.FileLock;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.time.Clock;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.ConcurrentHashMap;
import java.util.jar.JarEntry;
import java.util.jar.JarOutputStream;
import java.util.stream.Stream;
import java.util.zip.ZipEntry;
import java.util.zip.ZipFile;
import java.util.zip.ZipInputStream;
import meterveil.embedded.FunctionClock;
import meterveil.embedded.MovableClock;

/// A function's zip as its processes run it: unpacked once for all runs, beside a jar of our own
/// classes in which the calls of `Clock.systemUTC()` follow the moved clock.
///
/// All of it is on the JVM's own class path, as only what lies there can be archived; on Lambda a
/// class loader of the runtime takes the same classes from the task's folder.
///
/// @param folder what the zip holds, and `lib` in it
/// @param classPath AWS's runtime interface client, our classes and the libraries
/// @param archive of the classes that its processes load
record FunctionCode(Path folder, String classPath, ClassArchive archive) {

  private static final String OURS = "meterveil/";
  private static final String CLASS = ".class";
  private static final int KEY_BYTES = 8;
  private static final ClassDesc CLOCK = ClassDesc.of(Clock.class.getName());
  private static final MethodTypeDesc TO_CLOCK = MethodTypeDesc.of(CLOCK);
  private static final ClassDesc MOVED = ClassDesc.of(FunctionClock.class.getName());

  /// The jar of our own classes, the last thing to be written: what has it is unpacked.
  private static final String OURS_JAR = "ours.jar";

  /// The jars of what this process runs, locked until it ends. A lock is the process's as a whole,
  /// and lost as soon as any channel to the same file is closed.
  private static final Map<Path, FileLock> IN_USE = new ConcurrentHashMap<>();

  /// Unpacks a zip, unless the same one was unpacked before.
  ///
  /// @param function its name
  /// @param zip as it is uploaded
  /// @param kept where unpacked functions are kept; an earlier zip of this function is deleted
  ///   unless a process that unpacked it still runs
  /// @param work for what is being recorded
  static FunctionCode of(String function, Path zip, Path kept, Path work) throws IOException {
    Path all = Files.createDirectories(kept.toAbsolutePath()).resolve(function);
    Path folder = all.resolve(key(zip));
    Path task = folder.resolve("task");
    Path ours = folder.resolve(OURS_JAR);
    try (var channel = FileChannel.open(kept.resolve(function + ".lock"), CREATE, WRITE);
        var _ = channel.lock()) { // another run may be about the same
      if (!Files.exists(ours)) {
        delete(folder); // of a run that was cut off
        unpack(zip, Files.createDirectories(task));
        packOurs(task, ours);
        deleteUnused(all, folder);
      }
      if (!IN_USE.containsKey(ours)) {
        IN_USE.put(ours, FileChannel.open(ours, READ).lock(0, Long.MAX_VALUE, true));
      }
    }
    var classPath = new ArrayList<String>();
    classPath.add(RuntimeInterfaceClient.classPath());
    classPath.add(ours.toString());
    libraries(task).stream().map(Path::toString).forEach(classPath::add);
    return new FunctionCode(
        task,
        String.join(File.pathSeparator, classPath),
        new ClassArchive(folder.resolve("classes.jsa"), work.resolve(function + ".jsa")));
  }

  /// What an unpacked function and its archive depend on: what is in the zip, the client, the JVM
  /// and what is done here.
  private static String key(Path zip) throws IOException {
    var all = new StringBuilder(RuntimeInterfaceClient.classPath());
    all.append(System.getProperty("java.vm.version"));
    try (var entries = new ZipFile(zip.toFile())) {
      entries.stream().forEach(entry -> all.append(entry).append(entry.getCrc()));
    }
    for (Class<?> type : List.of(FunctionCode.class, FunctionClock.class, MovableClock.class)) {
      all.append(Arrays.hashCode(bytes(type)));
    }
    return HexFormat.of()
        .formatHex(Signature.sha256(all.toString().getBytes(StandardCharsets.UTF_8)), 0, KEY_BYTES);
  }

  private static void deleteUnused(Path all, Path current) throws IOException {
    List<Path> unpacked;
    try (Stream<Path> list = Files.list(all)) {
      unpacked = list.filter(folder -> !folder.equals(current)).toList();
    }
    for (Path folder : unpacked) {
      Path ours = folder.resolve(OURS_JAR);
      if (IN_USE.containsKey(ours)) {
        continue;
      }
      try (var channel = FileChannel.open(ours, CREATE, WRITE);
          FileLock lock = channel.tryLock()) {
        if (lock != null) {
          Files.delete(ours); // before what it stands for
          delete(folder);
        }
      }
    }
  }

  private static void delete(Path folder) throws IOException {
    if (!Files.exists(folder)) {
      return;
    }
    try (Stream<Path> walk = Files.walk(folder)) {
      for (Path path : walk.sorted(Comparator.reverseOrder()).toList()) {
        Files.delete(path);
      }
    }
  }

  private static void unpack(Path zip, Path folder) throws IOException {
    try (InputStream file = Files.newInputStream(zip);
        var entries = new ZipInputStream(file)) {
      for (ZipEntry entry = entries.getNextEntry(); entry != null; entry = entries.getNextEntry()) {
        Path target = folder.resolve(entry.getName()).normalize();
        if (!target.startsWith(folder)) {
          throw new IOException("an entry outside of its zip: " + entry.getName());
        }
        if (entry.isDirectory()) {
          Files.createDirectories(target);
        } else {
          Files.createDirectories(target.getParent());
          Files.copy(entries, target);
        }
      }
    }
  }

  private static List<Path> libraries(Path task) throws IOException {
    Path folder = task.resolve("lib");
    if (!Files.exists(folder)) {
      return List.of();
    }
    try (Stream<Path> list = Files.list(folder)) {
      return list.sorted().toList();
    }
  }

  /// Packs our own classes, those of the libraries too, with their clock exchanged.
  private static void packOurs(Path task, Path jar) throws IOException {
    var ours = new TreeMap<String, byte[]>();
    try (Stream<Path> walk = Files.walk(task)) {
      for (Path file : walk.filter(Files::isRegularFile).toList()) {
        ours.put(
            task.relativize(file).toString().replace(File.separatorChar, '/'),
            Files.readAllBytes(file));
      }
    }
    var urls = new ArrayList<URL>(List.of(task.toUri().toURL()));
    for (Path library : libraries(task)) {
      urls.add(library.toUri().toURL());
      try (var entries = new ZipInputStream(Files.newInputStream(library))) {
        for (ZipEntry entry = entries.getNextEntry();
            entry != null;
            entry = entries.getNextEntry()) {
          ours.put(entry.getName(), entries.readAllBytes());
        }
      }
    }
    ours.keySet().removeIf(name -> !name.startsWith(OURS) || !name.endsWith(CLASS));
    try (var types = new URLClassLoader(urls.toArray(URL[]::new))) {
      // Only the class path itself knows the types that stack maps speak of.
      var classFile =
          ClassFile.of(
              ClassFile.ClassHierarchyResolverOption.of(
                  ClassHierarchyResolver.ofResourceParsing(types)
                      .orElse(ClassHierarchyResolver.defaultResolver())));
      ours.replaceAll((_, bytes) -> withMovedClock(classFile, bytes));
    }
    for (Class<?> type : List.of(FunctionClock.class, MovableClock.class)) {
      ours.put(entry(type), bytes(type));
    }
    Path fresh = jar.resolveSibling("ours.fresh");
    try (var out = new JarOutputStream(Files.newOutputStream(fresh))) {
      for (Map.Entry<String, byte[]> entry : ours.entrySet()) {
        out.putNextEntry(new JarEntry(entry.getKey()));
        out.write(entry.getValue());
        out.closeEntry();
      }
    }
    Files.move(fresh, jar, StandardCopyOption.ATOMIC_MOVE);
  }

  private static String entry(Class<?> type) {
    return type.getName().replace('.', '/') + CLASS;
  }

  private static byte[] bytes(Class<?> type) throws IOException {
    try (InputStream in = type.getClassLoader().getResourceAsStream(entry(type))) {
      return in.readAllBytes();
    }
  }

  private static byte[] withMovedClock(ClassFile classFile, byte[] bytes) {
    return classFile.transformClass(
        classFile.parse(bytes),
        ClassTransform.transformingMethodBodies((code, element) -> {
          if (element instanceof InvokeInstruction call
              && call.name().equalsString("systemUTC")
              && call.owner().asSymbol().equals(CLOCK)) {
            code.invokestatic(MOVED, "systemUTC", TO_CLOCK);
          } else {
            code.with(element);
          }
        }));
  }
}
