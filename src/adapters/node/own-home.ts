/** For the wiring, which sees adapters only. */
export { ownHome } from '../../streams/own-user.js';
