/// IoT Core's registry, as far as meters need it: things, certificates, and what ties them
/// together.
///
/// {@link meterveil.registry.Registry} is the one client of the control plane. Whatever it does can
/// be done again: making a thing that is there, attaching what is attached, setting a status that
/// is set.
@NullMarked
package meterveil.registry;

import org.jspecify.annotations.NullMarked;
