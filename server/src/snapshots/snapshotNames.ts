import { basename, dirname, join, relative } from 'node:path';
import type { SnapshotListItem } from '../protocol.ts';

/** Names that Flink and the engine make up. Any other name was chosen by a person, and says more than a time. */
const GENERATED = /^(?:savepoint-[0-9a-f]{6}-[0-9a-f]{12}|chk-\d+)$/;
const MONTHS = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec'];

type Named = Pick<SnapshotListItem, 'location' | 'kind' | 'checkpointId' | 'createdAt'>;

/** What a snapshot is called in lists: its time, kind and number, such as `12:04 savepoint 7`, or the name that a person gave it. */
export function snapshotTitle({ location, kind, checkpointId, createdAt }: Named, now: number): string {
  const name = basename(location);
  return GENERATED.test(name) ? `${timeText(new Date(createdAt), new Date(now))} ${kind} ${String(checkpointId)}` : name;
}

/** Today only the time, else with the day, and with the year where it is another one. */
function timeText(then: Date, now: Date): string {
  const time = [then.getHours(), then.getMinutes()].map((part) => String(part).padStart(2, '0')).join(':');
  if (then.toDateString() === now.toDateString()) return time;
  const day = `${String(then.getDate())} ${MONTHS[then.getMonth()] ?? ''}`;
  return then.getFullYear() === now.getFullYear() ? `${day} ${time}` : `${day} ${String(then.getFullYear())} ${time}`;
}

/** Where a snapshot was found: below which of the folders that were looked at, and in which project there. */
export interface Place {
  readonly pipeline: string;
  readonly root: string;
  readonly project: string;
}

/** Names of pipelines for people: where pipelines of several projects have one name, each has its folder behind it. */
export function originNames(places: readonly Place[]): (place: Place) => string {
  const projects = new Map<string, Set<string>>();
  for (const { pipeline, project } of places) projects.set(pipeline, (projects.get(pipeline) ?? new Set()).add(project));
  const short = ({ root, project }: Place): string => relative(dirname(root), project).replaceAll('\\', '/');
  const takenBy = new Map<string, Set<string>>();
  for (const place of places) {
    const name = join(place.pipeline, short(place));
    takenBy.set(name, (takenBy.get(name) ?? new Set()).add(place.project));
  }
  return (place) => {
    if ((projects.get(place.pipeline)?.size ?? 0) < 2) return place.pipeline;
    const isUnique = (takenBy.get(join(place.pipeline, short(place)))?.size ?? 0) < 2;
    return `${place.pipeline} (${isUnique ? short(place) : place.project})`;
  };
}
