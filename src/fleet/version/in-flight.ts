/** Requests that were let in at the door and are not answered yet. */
export class InFlight {
  count = 0;

  /** Somebody came in; the returned function, called as often as you like, says that it has gone again. */
  enter(): () => void {
    this.count += 1;
    let isIn = true;
    return () => {
      if (isIn) this.count -= 1;
      isIn = false;
    };
  }
}
