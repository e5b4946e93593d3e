/** Longer than between the clicks of a double click, and than somebody waits who saw nothing happen. */
export const aMoment = 700;

/** So far the pointer moves between two clicks that are meant for the same thing. */
const drift = 16;

interface Spot {
  x: number;
  y: number;
}

/** A press that had an effect: where it was, and until when another one belongs to it. */
interface Press {
  /** Keys press buttons, too, and are nowhere. */
  spot: Spot | null;
  until: number;
}

/** Where the pointer was clicked just now, or let something go; taken by what the click starts. */
let clicked: Spot | null = null;
/** The last press of all buttons. */
let last: Press = { spot: null, until: 0 };

const isNear = (one: Spot, other: Spot) =>
  Math.abs(one.x - other.x) <= drift && Math.abs(one.y - other.y) <= drift;

/** Whoever does something else in between means the next press as a new one. */
function doElsewhere() {
  last.until = 0;
}

function point(event: MouseEvent) {
  clicked = event.detail === 0 && event.type === 'click' ? null : { x: event.clientX, y: event.clientY };
  if (clicked !== null && last.spot !== null && !isNear(clicked, last.spot)) doElsewhere();
}

window.addEventListener('click', point, { capture: true });
window.addEventListener('drop', point, { capture: true });
window.addEventListener(
  'keydown',
  (event) => {
    clicked = null;
    if (event.key !== 'Enter' && event.key !== ' ') doElsewhere();
  },
  { capture: true },
);

/**
 * Presses of a button that does something. Who presses again at the same place, a moment later, means what was there
 * before: not the button of the next row that has moved there, and not “Hand back” in the place of “Take over”. A key that
 * presses the same button again belongs to the first press as well. Whoever goes on pressing has to rest for a moment.
 */
export function newPresses() {
  const own: Press = { spot: null, until: 0 };
  return {
    /** Whether this press is a new one. */
    isNew(): boolean {
      const now = performance.now();
      const spot = clicked;
      clicked = null;
      const before = [last, own].find(
        (it) => it.until > now && (spot === null || it.spot === null ? it === own : isNear(spot, it.spot)),
      );
      if (before !== undefined) {
        before.until = now + aMoment;
        return false;
      }
      own.spot = spot;
      own.until = now + aMoment;
      last = own;
      return true;
    },
    /** What it started is over: only now is seen what came of it. */
    isOver() {
      own.until = performance.now() + aMoment;
    },
    /** Begun anew on purpose. */
    forget() {
      own.until = 0;
    },
  };
}
