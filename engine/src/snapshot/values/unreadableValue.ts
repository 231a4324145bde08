/**
 * The bytes may be in order, but nothing in the snapshot says what they mean: values of classes that only the job's own code knows.
 * Code that knows where such a value ends shows its bytes instead.
 */
export class UnreadableValue extends Error {
  override readonly name = 'UnreadableValue';

  /** The class that is not known, where it has a name. */
  readonly className: string | null;
  /** In words, such as `objects of com.shop.Order, which only Kryo knows`. */
  readonly what: string;

  constructor(what: string, className: string | null = null) {
    super(`${what} cannot be read without the job's classes`);
    this.what = what;
    this.className = className;
  }
}
