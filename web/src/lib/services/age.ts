/** Ages from birth dates. Pure: today comes in. */

/** Whole years between a birth date (YYYY-MM-DD) and today; null for what is no past date. */
export function ageOn(birthDate: string, today: Date): number | null {
  const match = /^(\d{4})-(\d{2})-(\d{2})$/.exec(birthDate);
  if (!match) return null;
  const [year, month, day] = [Number(match[1]), Number(match[2]), Number(match[3])];
  const real = new Date(Date.UTC(year, month - 1, day));
  if (real.getUTCMonth() !== month - 1 || real.getUTCDate() !== day) return null;
  let age = today.getFullYear() - year;
  const before =
    today.getMonth() + 1 < month || (today.getMonth() + 1 === month && today.getDate() < day);
  if (before) age -= 1;
  return age < 0 || age > 130 ? null : age;
}
