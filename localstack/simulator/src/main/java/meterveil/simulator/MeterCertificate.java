package meterveil.simulator;

import java.nio.file.Path;

/// What a meter proves with who it is.
///
/// @param certificate file with its certificate (PEM)
/// @param privateKey file with the key of that certificate (PEM)
public record MeterCertificate(Path certificate, Path privateKey) {}
