package meterveil.embedded.aws;

import com.fasterxml.jackson.databind.JsonNode;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import meterveil.embedded.aws.CloudAssembly.Resource;

/// The template's schedules: at a rate, with a function as their target.
///
/// A jump of the clock over several of a schedule's times fires it once: what it starts catches up
/// by itself or has a fault that the tests should see.
final class Schedules {

  private static final Pattern RATE = Pattern.compile("rate\\((\\d+) (minute|hour|day)s?\\)");

  private static final String SCHEDULER = "scheduler.amazonaws.com";

  /// @param period between two times
  /// @param offset of its times from the beginning of the epoch, modulo the period
  private record Times(Duration period, Duration offset) {
    Instant after(Instant instant) {
      long period = this.period.toSeconds();
      long since = instant.getEpochSecond() - offset.toSeconds();
      return Instant.ofEpochSecond(
          (Math.floorDiv(since, period) + 1) * period + offset.toSeconds());
    }
  }

  private static final class Schedule {
    private final Times times;
    private final String function;
    private final byte[] input;
    private Instant next;

    Schedule(Times times, String function, byte[] input, Instant start) {
      this.times = times;
      this.function = function;
      this.input = input;
      this.next = times.after(start);
    }
  }

  private final Functions functions;
  private final List<Schedule> schedules = new ArrayList<>();

  /// @param start when the schedules begin; rates count from the full minute before it
  /// @throws IllegalArgumentException naming the resource, if one is not implemented or may not
  ///   invoke its function
  Schedules(CloudAssembly assembly, Roles roles, Functions functions, Instant start) {
    this.functions = functions;
    for (Resource resource : assembly.ofType("AWS::Scheduler::Schedule")) {
      JsonNode properties = resource.properties();
      JsonNode target = properties.path("Target");
      for (Map.Entry<String, JsonNode> property : target.properties()) {
        if (!List.of("Arn", "RoleArn", "Input", "RetryPolicy").contains(property.getKey())) {
          throw resource.refused("has a target that is not implemented: " + property.getKey());
        }
      }
      if (!properties.path("FlexibleTimeWindow").path("Mode").asText().equals("OFF")) {
        throw resource.refused("has a flexible time window, which is not implemented");
      }
      String zone = properties.path("ScheduleExpressionTimezone").asText("UTC");
      if (!List.of("UTC", "Etc/UTC").contains(zone)) {
        throw resource.refused("has a time zone that is not implemented: " + zone);
      }
      Times times = times(resource, properties.path("ScheduleExpression").asText(), start);
      String role = target.path("RoleArn").asText();
      String function = target.path("Arn").asText();
      var context =
          Map.of(
              "aws:SourceAccount",
              List.of(assembly.account()),
              "aws:SourceArn",
              List.of(group(resource.arn())));
      if (!roles.trusts(role, SCHEDULER, context)) {
        throw resource.refused("has a role that the scheduler may not assume");
      }
      if (!functions.roleMayInvoke(role, function)) {
        throw resource.refused("has a role that may not invoke " + function);
      }
      if (properties.path("State").asText("ENABLED").equals("ENABLED")) {
        schedules.add(
            new Schedule(
                times,
                function,
                target.path("Input").asText("{}").getBytes(StandardCharsets.UTF_8),
                start));
      }
    }
  }

  /// What the scheduler names as the source is the schedule's group.
  private static String group(String scheduleArn) {
    return scheduleArn
        .substring(0, scheduleArn.lastIndexOf('/'))
        .replace(":schedule/", ":schedule-group/");
  }

  private static Times times(Resource resource, String expression, Instant start) {
    Matcher rate = RATE.matcher(expression);
    if (rate.matches()) {
      Duration period =
          Duration.of(
              Long.parseLong(rate.group(1)),
              switch (rate.group(2)) {
                case "minute" -> ChronoUnit.MINUTES;
                case "hour" -> ChronoUnit.HOURS;
                default -> ChronoUnit.DAYS;
              });
      if (period.isPositive()) {
        long second = start.truncatedTo(ChronoUnit.MINUTES).getEpochSecond();
        return new Times(period, Duration.ofSeconds(Math.floorMod(second, period.toSeconds())));
      }
    }
    throw resource.refused("has an expression that is not implemented: " + expression);
  }

  /// Fires every schedule that has come due, once.
  synchronized void moved(Instant now) {
    for (Schedule schedule : schedules) {
      if (!now.isBefore(schedule.next)) {
        schedule.next = schedule.times.after(now);
        functions.invokeAsync(schedule.function, schedule.input);
      }
    }
  }
}
