/// How functions reach AWS's services.
@NullMarked
package meterveil.connection;

import org.jspecify.annotations.NullMarked;
