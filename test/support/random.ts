export { randomBytes, randomFrom } from '../../host/testing/random.js';
