/// How functions reach AWS's services, and what they are started with.
@NullMarked
package meterveil.connection;

import org.jspecify.annotations.NullMarked;
