import { owners as said } from '../texts/owners';
import { sentence } from './values';

/** Why a thing is disabled, as people read it. */
export function reasonOf(reason: string): string {
  return said.reasons[reason] ?? sentence(reason);
}
