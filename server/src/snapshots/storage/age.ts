/** The library of age, in a bundle of its own: few need it, and it is large. */
export { Decrypter, Encrypter } from 'age-encryption';
