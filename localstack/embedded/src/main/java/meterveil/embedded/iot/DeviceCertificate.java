package meterveil.embedded.iot;

import java.nio.file.Path;
import java.security.cert.X509Certificate;

/// A certificate for a device, with its key, as files the AWS IoT Device SDK reads.
///
/// @param certificate the certificate itself
/// @param certificatePem file with the certificate
/// @param privateKeyPem file with its private key (PKCS #8), readable by its owner alone
public record DeviceCertificate(
    X509Certificate certificate, Path certificatePem, Path privateKeyPem) {}
